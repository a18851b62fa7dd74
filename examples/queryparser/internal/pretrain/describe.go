package pretrain

import (
	"fmt"
	"strings"
)

// explained are long wordings of each role, by the language of the description. K stands for another key of the skeleton, V for
// sample values.
var explained = [3][roleCount][]string{
	{
		roleThing:    {"la cosa que es demana, en plural i amb les paraules del text", "quina mena d'objectes vol la persona"},
		roleSeries:   {"el nom de la col·lecció o sèrie, tal com s'ha escrit; no el confonguis amb K", "segell o sèrie, només si se'n diu el nom"},
		roleQuality:  {"com ha de ser la cosa (V), si es diu", "qualitat: V"},
		rolePeriod:   {"els anys, escrits així: V", "quan; segons el cas V", "període de temps (V)"},
		rolePlace:    {"el lloc on és la cosa, sense article ni preposició; no és K", "nom del lloc, com surt al text"},
		roleReach:    {"què és el lloc: V", "mena de lloc, una de V; va amb K"},
		roleMakers:   {"una llista amb un element per cada persona o entitat que hi surt, amb V; buida si no n'hi ha cap", "qui ho fa: llista d'objectes amb V"},
		roleSubject:  {"de què tracta, només el tema, sense la resta de la petició", "matèria, copiada lletra per lletra del text", "el tema sol; ni K ni anys"},
		roleRestated: {"la petició dita d'una altra manera, curta i neta, en la mateixa llengua", "frase plana que comença per Llista o Nombre"},
		roleAsk:      {"V, segons si es vol veure o comptar", "què es vol: V"},
		roleLanguage: {"llengua de la petició: V", "idioma en què està escrit el text, un de V"},
		roleEcho:     {"el text sencer, sense canviar-hi res, ni les faltes", "còpia exacta del que s'ha escrit"},
		roleNote:     {"una observació si es vol una quantitat", "nota curta o null"},
		roleOther:    {"el preu màxim, si es diu", "un telèfon de contacte", "puntuació mínima"},
	},
	{
		roleThing:    {"la cosa que se pide, en plural y con las palabras del texto", "qué clase de objetos quiere la persona"},
		roleSeries:   {"el nombre de la colección o serie, tal como se ha escrito; no lo confundas con K", "sello o serie, solo si se dice su nombre"},
		roleQuality:  {"cómo debe ser la cosa (V), si se dice", "calidad: V"},
		rolePeriod:   {"los años, escritos así: V", "cuándo; según el caso V", "periodo de tiempo (V)"},
		rolePlace:    {"el lugar donde está la cosa, sin artículo ni preposición; no es K", "nombre del lugar, como sale en el texto"},
		roleReach:    {"qué es el lugar: V", "clase de lugar, una de V; va con K"},
		roleMakers:   {"una lista con un elemento por cada persona o entidad que sale, con V; vacía si no hay ninguna", "quién lo hace: lista de objetos con V"},
		roleSubject:  {"de qué trata, solo el tema, sin el resto de la petición", "materia, copiada letra por letra del texto", "el tema solo; ni K ni años"},
		roleRestated: {"la petición dicha de otra manera, corta y limpia, en la misma lengua", "frase llana que empieza por Lista o Número"},
		roleAsk:      {"V, según se quiera ver o contar", "qué se quiere: V"},
		roleLanguage: {"lengua de la petición: V", "idioma en que está escrito el texto, uno de V"},
		roleEcho:     {"el texto entero, sin cambiar nada, ni las faltas", "copia exacta de lo que se ha escrito"},
		roleNote:     {"una observación si se quiere una cantidad", "nota corta o null"},
		roleOther:    {"el precio máximo, si se dice", "un teléfono de contacto", "puntuación mínima"},
	},
	{
		roleThing:    {"what is asked for, as a plural and in the words of the text", "the sort of objects the person wants"},
		roleSeries:   {"name of the collection or series, as it was written; do not mistake it for K", "label or series, only where it is called by name"},
		roleQuality:  {"what the thing has to be like (V), where that is said", "quality: V"},
		rolePeriod:   {"the years, written like this: V", "when; one of the forms V", "period of time (V)"},
		rolePlace:    {"where the thing is, without article or preposition; this is not K", "name of the place, as it stands in the text"},
		roleReach:    {"what sort of place it is: V", "one of V; goes with K"},
		roleMakers:   {"a list with one element for each person or body named, having V; empty if there is none", "who makes it: a list of objects with V"},
		roleSubject:  {"what it is about, the theme by itself, leaving out the rest", "subject matter, copied letter by letter", "the theme only; neither K nor years"},
		roleRestated: {"the same wish said again in a short and clean way, in the same tongue", "a plain phrase that starts with List or Number"},
		roleAsk:      {"V, whether things are to be seen or counted", "what is wanted: V"},
		roleLanguage: {"tongue of the text: V", "in what language it was written, one of V"},
		roleEcho:     {"the whole text, unchanged, mistakes included", "an exact copy of what was typed"},
		roleNote:     {"a remark where a quantity is wanted", "short note or null"},
		roleOther:    {"highest price, if there is one", "a phone number", "lowest rating"},
	},
}

// What a long description begins and ends with, by its language; a description has some of them.
var (
	openings = [3][]string{
		{"Ets un ajudant que llegeix peticions i n'omple una fitxa.", "Llegeix el que escriu l'usuari i torna una fitxa en JSON.", "Fes un objecte JSON amb aquests camps.",
			"La petició pot ser en català, castellà o anglès.", "No hi posis res més que el JSON."},
		{"Eres un ayudante que lee peticiones y rellena una ficha.", "Lee lo que escribe el usuario y devuelve una ficha en JSON.", "Haz un objeto JSON con estos campos.",
			"La petición puede estar en catalán, castellano o inglés.", "No pongas nada más que el JSON."},
		{"You are an assistant that reads wishes and fills in a form.", "Read what the user types and give back a form in JSON.", "Make a JSON object of these fields.",
			"The text may be Catalan, Spanish or English.", "Put nothing beside the JSON."},
	}
	endings = [3][]string{
		{"El que no es diu és null.", "Copia els noms lletra per lletra.", "No t'inventis res.", "Els anys van amb xifres.", "Mantén l'ordre dels camps."},
		{"Lo que no se dice es null.", "Copia los nombres letra por letra.", "No te inventes nada.", "Los años van con cifras.", "Mantén el orden de los campos."},
		{"Whatever is not said is null.", "Copy names letter by letter.", "Do not make anything up.", "Years are digits.", "Keep the order of the fields."},
	}
)

// description explains a skeleton at length: the prompt that an application would have. It is another one each time, so that its words
// cannot be known by heart; keys occur among them.
func (s source) description(sc schema) string {
	lang := pick(s, []language{catalan, spanish, english, english})
	slots := sc.ordered()
	between := pick(s, []string{": ", ": ", " = ", " - ", " → "})
	bullet := pick(s, []string{"", "", "- ", "* ", "\""})
	var lines []string
	for i := 0; i < len(slots); i++ {
		sl := slots[i]
		text := s.explain(sc, sl, lang)
		key := bullet + sc.path(sl)
		if i+1 < len(slots) && s.chance(.15) { // two keys in one line
			i++
			key += ", " + sc.path(slots[i])
			text += "; " + s.explain(sc, slots[i], lang)
		}
		if bullet == "\"" {
			key += "\""
		}
		lines = append(lines, key+between+text+pick(s, []string{"", "", "."}))
	}
	head, tail := s.some(openings[lang]), s.some(endings[lang])
	gap := pick(s, []string{"\n", "\n\n"})
	return strings.Trim(strings.Join([]string{head, strings.Join(lines, "\n"), tail}, gap), "\n")
}

// path is the slot's key with its group's before it.
func (sc schema) path(sl slot) string {
	if sl.group > 0 {
		return sc.groups[sl.group] + "." + sl.key
	}
	return sl.key
}

// explain fills in a wording of the slot's role.
func (s source) explain(sc schema, sl slot, lang language) string {
	text := pick(s, explained[lang][sl.role])
	var values []string
	switch sl.role {
	case rolePeriod:
		values = strings.Split(sc.years.samples(s), ", ")
		s.shuffle(values)
		values = values[:2+s.IntN(len(values)-1)]
	case roleMakers:
		values = sc.makerKeys
		if len(values) > 1 && s.chance(.6) {
			kinds := s.different(3, func() string { return pick(s, makers).code })
			values = append([]string{fmt.Sprintf("%s (%s)", values[0], strings.Join(kinds, ", "))}, values[1:]...)
		}
	case roleLanguage:
		values = sc.codes[:]
	case roleAsk:
		values = sc.ask[:]
	case roleReach:
		values = sc.reaches[:]
	case roleQuality:
		values = s.different(3, func() string { return pick(s, qualities).code })
	}
	other := pick(s, sc.slots)
	return strings.NewReplacer("K", other.key, "V", strings.Join(values, ", ")).Replace(text)
}

// some picks a few sentences in their order.
func (s source) some(sentences []string) string {
	var chosen []string
	for _, text := range sentences {
		if s.chance(.5) {
			chosen = append(chosen, text)
		}
	}
	return strings.Join(chosen, " ")
}
