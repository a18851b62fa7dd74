package pretrain

// Forms in which a key says what it stands for, as in an application.

import "strings"

// spoken are the names that keys of a role have in a form somebody would write: in these forms a key tells what it stands for,
// as in an application, while their layout is new in each example. Of the query parser's keys only the plainest occur: year,
// type, name, lang.
var spoken = [roleCount][]string{
	roleThing:    strings.Fields("thing item object kind_of_thing what sort cosa objecte objeto article product"),
	roleSeries:   strings.Fields("series collection label brand line sèrie serie edition imprint scheme family_name segell sello"),
	roleQuality:  strings.Fields("quality condition state grade qualitat calidad tier range estat estado"),
	rolePeriod:   strings.Fields("year years date when period any año time dates epoch fecha anys años quan cuándo"),
	rolePlace:    strings.Fields("place where town lloc lugar area spot site region city zona on dónde ciutat ciudad"),
	roleReach:    strings.Fields("place_kind place_type where_kind area_type reach scope town_or_country spot_type tipus_lloc tipo_lugar site_scope"),
	roleMakers:   strings.Fields("makers people authors who participants bodies partners actors autors autores quién entities organisers parties qui"),
	roleSubject:  strings.Fields("topic subject theme about matter tema assumpte asunto topic_text subject_words content search_text what_about materia"),
	roleRestated: strings.Fields("restated plain rewritten summary rewording plain_text clean_request paraphrase resum resumen short_form said_plainly"),
	roleAsk:      strings.Fields("intent wanted ask action goal mode acció acción"),
	roleLanguage: strings.Fields("lang language idioma llengua tongue lengua lang_code"),
	roleEcho:     strings.Fields("original text request raw source_text input full_text petició petición texto verbatim as_typed raw_request typed_text"),
	roleNote:     strings.Fields("note remark comment remarks nota observació observación comments hint"),
	roleOther:    strings.Fields("price phone rating size preu precio tamaño score pages colour weight age"),
}

var (
	spokenGroups = [3][]string{
		1: strings.Fields("conditions limits details constraints criteria facets restrictions condicions condiciones bounds narrowed_by"),
		2: strings.Fields("info context extra source header request_info about_text dades datos origin_of_text"),
	}
	spokenMakerKeys = [4][]string{
		strings.Fields("type kind class sort tipus tipo category"),
		strings.Fields("name nom nombre title called full_name"),
		strings.Fields("from origin home based_in town seat origen country"),
		strings.Fields("origin_kind from_type seat_type home_kind origen_tipus origen_tipo seat_scope"),
	}
)

// spoken draws a skeleton of many fields whose keys say what they stand for.
func (s source) spoken() schema {
	sc := s.known(2)
	var slots []slot
	for _, sl := range sc.slots {
		if !s.chance(.1) {
			slots = append(slots, sl)
		}
	}
	for _, r := range []role{roleThing, roleAsk, roleOther} {
		if s.chance(.25) {
			at := s.IntN(len(slots) + 1)
			group := 0
			if at < len(slots) {
				group = slots[at].group
			}
			slots = append(slots[:at:at], append([]slot{{role: r, group: group}}, slots[at:]...)...)
		}
	}
	used := map[string]bool{}
	name := func(from []string) string {
		for {
			if k := pick(s, from); !used[k] {
				used[k] = true
				return k
			}
		}
	}
	for i := range slots {
		slots[i].key = name(spoken[slots[i].role])
	}
	sc.slots = slots
	for g := 1; g < len(spokenGroups); g++ {
		sc.groups[g] = name(spokenGroups[g])
	}
	clear(used) // an object of its own
	sc.makerKeys = nil
	for _, from := range spokenMakerKeys {
		sc.makerKeys = append(sc.makerKeys, name(from))
	}
	if s.chance(.2) {
		sc.makerKeys = sc.makerKeys[:1+2*s.IntN(2)]
	}
	return sc
}

// listed is a prompt that has the keys alone.
func (s source) listed(sc schema) string {
	var keys []string
	for _, sl := range sc.ordered() {
		keys = append(keys, sc.path(sl))
	}
	return pick(s, []string{"JSON: ", "Fields: ", "Camps: ", "Campos: "}) + strings.Join(keys, ", ")
}
