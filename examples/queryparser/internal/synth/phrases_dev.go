package synth

// The wordings of the development set's second half: other than those of the
// training set, and other than those of the hand-written test questions.

var devBooks = map[Language]*phrasebook{Catalan: &catalanDev, Spanish: &spanishDev, English: &englishDev}

var catalanDev = phrasebook{
	frames: map[ask][]string{
		askList: {"on puc llegir sobre {N}?", "estic interessada en {N}", "passa'm {N}", "hola, busco informació de {N}", "existeixen {N}?",
			"me'n pots ensenyar, de {N}?", "vull conèixer {N}", "extreu {N}"},
		askCount:   {"quina quantitat de {N} consta?", "compta els {N}"},
		askYearly:  {"gràfic per anys dels {N}"},
		askRanking: {"quin centre ha participat en més {N}?"},
		askFunding: {"pressupost conjunt dels {N}"},
	},
	nouns: []string{"projectes", "projectes", "projectes d'innovació"},
	level: map[string][]string{"european": {"de la UE", "d'abast europeu"}, "national": {"d'àmbit estatal"}, "regional": {"d'àmbit regional"}},
	year: map[string][]string{
		"in": {"que van començar el {a}", "durant {a}"}, "between": {"des de {a} fins a {b}", "en els anys {a} a {b}"},
		"since": {"de {a} en endavant", "d'ençà de {a}"}, "after": {"més recents que {a}"},
		"until": {"no posteriors a {b}"}, "before": {"previs a {b}"},
	},
	programme: []string{"subvencionats {per X}", "amb ajuts {de X}", "concedits {per X}"},
	place:     []string{"situats {a X}", "localitzats {a X}"},
	province:  []string{"situats {a X}", "localitzats {a X}"},
	city:      []string{"situats {a X}", "localitzats {a X}"},
	topic:     []string{"que parlin {de X}", "al voltant {de X}", "que estudiïn {X}", "el tema dels quals sigui {X}"},
	org:       []string{"impulsats {per X}", "que tinguin {X} entre els socis", "executats {per X}"},
	orgKind:   []string{"impulsats {per X}", "on intervenen {X}"},
	orgs:      []string{"impulsats {per X} i {Y}", "executats {per X} amb {Y}"},
	kind:      catalanBook.kind, kindIn: catalanBook.kindIn, limit: catalanBook.limit,
	orders: []string{"ltoywp", "lotywp", "lywtop"},
}

var spanishDev = phrasebook{
	frames: map[ask][]string{
		askList: {"¿dónde puedo leer sobre {N}?", "estoy interesada en {N}", "pásame {N}", "hola, busco información de {N}", "¿existen {N}?",
			"quiero conocer {N}", "extrae {N}"},
		askCount:   {"¿qué cantidad de {N} consta?", "cuenta los {N}"},
		askYearly:  {"gráfico por años de los {N}"},
		askRanking: {"¿qué centro ha participado en más {N}?"},
		askFunding: {"presupuesto conjunto de los {N}"},
	},
	nouns: []string{"proyectos", "proyectos", "proyectos de innovación"},
	level: map[string][]string{"european": {"de la UE", "de alcance europeo"}, "national": {"de ámbito estatal"}, "regional": {"de ámbito regional"}},
	year: map[string][]string{
		"in": {"que empezaron en {a}", "durante {a}"}, "between": {"desde {a} hasta {b}", "en los años {a} a {b}"},
		"since": {"de {a} en adelante"}, "after": {"más recientes que {a}"},
		"until": {"no posteriores a {b}"}, "before": {"previos a {b}"},
	},
	programme: []string{"subvencionados por {X}", "con ayudas {de X}", "concedidos por {X}"},
	place:     []string{"situados en {X}", "localizados en {X}"},
	province:  []string{"situados en {X}", "localizados en {X}"},
	city:      []string{"situados en {X}", "localizados en {X}"},
	topic:     []string{"que hablen {de X}", "en torno {a X}", "que estudien {X}", "cuyo tema sea {X}"},
	org:       []string{"impulsados por {X}", "que tengan {a X} entre los socios", "ejecutados por {X}"},
	orgKind:   []string{"impulsados por {X}", "en los que intervienen {X}"},
	orgs:      []string{"impulsados por {X} {y Y}", "ejecutados por {X} con {Y}"},
	kind:      spanishBook.kind, kindIn: spanishBook.kindIn, limit: spanishBook.limit,
	orders: []string{"ltoywp", "lotywp", "lywtop"},
}

var englishDev = phrasebook{
	frames: map[ask][]string{
		askList: {"where can I read about {N}?", "interested in {N}", "pass me {N}", "hello, I want information on {N}", "do {N} exist?",
			"I'd love to know of {N}", "extract {N}"},
		askCount:   {"what quantity of {N} is on record?", "count the {N}"},
		askYearly:  {"chart by year of {N}"},
		askRanking: {"which centre took part in most {N}?"},
		askFunding: {"joint budget of {N}"},
	},
	nouns: []string{"projects", "projects", "innovation projects"},
	level: map[string][]string{"european": {"^EU-funded", "of European scope"}, "national": {"of national scope"}, "regional": {"of regional scope"}},
	year: map[string][]string{
		"in": {"that began in {a}", "during {a}"}, "between": {"from {a} until {b}", "in the years {a} to {b}"},
		"since": {"as of {a}", "beginning with {a}"}, "after": {"more recent than {a}"},
		"until": {"no later than {b}"}, "before": {"prior to {b}"},
	},
	programme: []string{"subsidised by {X}", "with grants from {X}", "awarded by {X}"},
	place:     []string{"located in {X}", "based in {X}"},
	province:  []string{"located in {X}", "based in {X}"},
	city:      []string{"located in {X}", "based in {X}"},
	topic:     []string{"that speak of {X}", "around {X}", "that study {X}", "whose subject is {X}"},
	org:       []string{"driven by {X}", "having {X} among the partners", "executed by {X}"},
	orgKind:   []string{"driven by {X}", "joined by {X}"},
	orgs:      []string{"driven by {X} and {Y}", "executed by {X} with {Y}"},
	kind:      englishBook.kind, kindIn: englishBook.kindIn, limit: englishBook.limit,
	orders: []string{"ltoywp", "lotywp", "lywtop"},
}
