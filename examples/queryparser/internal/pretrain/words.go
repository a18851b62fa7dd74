package pretrain

// The words that the sentences are made of: some real ones in each language,
// and as many made-up ones as wanted, so that copying cannot be learnt as a
// list of words.

import (
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"
)

// language is one of the three languages, as an index into the tables.
type language int

const (
	catalan language = iota
	spanish
	english
)

var languages = []language{catalan, spanish, english}

// codes are the ways to name a language in an answer.
var codes = [][3]string{
	{"CA", "ES", "EN"}, {"ca", "es", "en"}, {"cat", "spa", "eng"},
	{"català", "castellà", "anglès"}, {"Catalan", "Spanish", "English"}, {"catalán", "español", "inglés"},
}

var nouns = [3][]string{
	strings.Fields("casa camí arbre taula finestra porta vaixell cavall formiga lluna estrella pluja vent neu platja roca bosc jardí font pont torre plaça carrer mercat forn cuina olla sopa arròs peix poma pera cirera figa taronja llimona mel sucre pebre safrà ganivet cullera tovalló llençol coixí manta abric sabata barret guant cistella corda clau martell serra pinzell tela fang guix vidre ferro coure plata or fusta paper tinta lletra conte faula cançó dansa tambor flauta guitarra piano veu silenci ombra llum color dibuix retrat màscara titella teatre circ festa foc fum cendra somni record por alegria pena amor odi guerra pau rei reina cavaller pagès pastor mariner ferrer sastre metge mestre alumne veí amic germà àvia nét gos gat ovella cabra porc gallina ocell abella aranya serp granota"),
	strings.Fields("casa camino árbol mesa ventana puerta barco caballo hormiga luna estrella lluvia viento nieve playa roca bosque jardín fuente puente torre plaza calle mercado horno cocina olla sopa arroz pescado manzana pera cereza higo naranja limón miel azúcar pimienta azafrán cuchillo cuchara servilleta sábana almohada manta abrigo zapato sombrero guante cesta cuerda llave martillo sierra pincel tela barro yeso vidrio hierro cobre plata oro madera papel tinta letra cuento fábula canción danza tambor flauta guitarra piano voz silencio sombra luz color dibujo retrato máscara títere teatro circo fiesta fuego humo ceniza sueño recuerdo miedo alegría pena amor odio guerra paz rey reina caballero labrador pastor marinero herrero sastre médico maestro alumno vecino amigo hermano abuela nieto perro gato oveja cabra cerdo gallina pájaro abeja araña serpiente rana"),
	strings.Fields("house path tree table window door boat horse ant moon star rain wind snow beach rock forest garden fountain bridge tower square street market oven kitchen pot soup rice fish apple pear cherry fig orange lemon honey sugar pepper saffron knife spoon napkin sheet pillow blanket coat shoe hat glove basket rope key hammer saw brush cloth mud plaster glass iron copper silver gold wood paper ink letter tale fable song dance drum flute guitar piano voice silence shadow light colour drawing portrait mask puppet theatre circus feast fire smoke ash dream memory fear joy sorrow love hate war peace king queen knight farmer shepherd sailor blacksmith tailor doctor teacher pupil neighbour friend brother grandmother grandson dog cat sheep goat pig hen bird bee spider snake frog"),
}

var adjectives = [3][]string{
	strings.Fields("antic modern petit gran blanc negre vermell blau verd groc fosc clar dolç amarg salat fred calent sec humit lent ràpid alt baix llarg curt ample estret ric pobre trist alegre vell jove nou rar comú secret públic rural urbà popular clàssic salvatge domèstic nocturn infantil"),
	strings.Fields("antiguo moderno pequeño grande blanco negro rojo azul verde amarillo oscuro claro dulce amargo salado frío caliente seco húmedo lento rápido alto bajo largo corto ancho estrecho rico pobre triste alegre viejo joven nuevo raro común secreto público rural urbano popular clásico salvaje doméstico nocturno infantil"),
	strings.Fields("ancient modern small big white black red blue green yellow dark clear sweet bitter salty cold warm dry damp slow quick tall low long short wide narrow rich poor sad merry old young new rare common secret public rural urban popular classical wild domestic nocturnal childish"),
}

var firstNames = strings.Fields("Anna Joan Laia Pau Marta Pere Núria Oriol Carme Josep Lucía Diego Elena Javier Rosa Andrés Inés Álvaro Pilar Tomás Emma James Grace Henry Alice Peter Ruth Simon Clara Hugo Nadia Omar Yuki Igor Maya Leo Greta Ada")

// somewhere are places with the word for what comes from there: Catalan,
// Spanish, English, each as name and masculine plural.
var somewhere = [][3][2]string{
	{{"Japó", "japonesos"}, {"Japón", "japoneses"}, {"Japan", "Japanese"}},
	{{"Mèxic", "mexicans"}, {"México", "mexicanos"}, {"Mexico", "Mexican"}},
	{{"Brasil", "brasilers"}, {"Brasil", "brasileños"}, {"Brazil", "Brazilian"}},
	{{"Turquia", "turcs"}, {"Turquía", "turcos"}, {"Turkey", "Turkish"}},
	{{"Egipte", "egipcis"}, {"Egipto", "egipcios"}, {"Egypt", "Egyptian"}},
	{{"Cuba", "cubans"}, {"Cuba", "cubanos"}, {"Cuba", "Cuban"}},
	{{"Rússia", "russos"}, {"Rusia", "rusos"}, {"Russia", "Russian"}},
	{{"Noruega", "noruecs"}, {"Noruega", "noruegos"}, {"Norway", "Norwegian"}},
	{{"Àustria", "austríacs"}, {"Austria", "austriacos"}, {"Austria", "Austrian"}},
	{{"Hongria", "hongaresos"}, {"Hungría", "húngaros"}, {"Hungary", "Hungarian"}},
	{{"Perú", "peruans"}, {"Perú", "peruanos"}, {"Peru", "Peruvian"}},
	{{"Xina", "xinesos"}, {"China", "chinos"}, {"China", "Chinese"}},
	{{"Canadà", "canadencs"}, {"Canadá", "canadienses"}, {"Canada", "Canadian"}},
	{{"Xile", "xilens"}, {"Chile", "chilenos"}, {"Chile", "Chilean"}},
	{{"Colòmbia", "colombians"}, {"Colombia", "colombianos"}, {"Colombia", "Colombian"}},
	{{"Índia", "indis"}, {"India", "indios"}, {"India", "Indian"}},
	{{"Islàndia", "islandesos"}, {"Islandia", "islandeses"}, {"Iceland", "Icelandic"}},
	{{"Dinamarca", "danesos"}, {"Dinamarca", "daneses"}, {"Denmark", "Danish"}},
	{{"Suïssa", "suïssos"}, {"Suiza", "suizos"}, {"Switzerland", "Swiss"}},
	{{"Croàcia", "croats"}, {"Croacia", "croatas"}, {"Croatia", "Croatian"}},
	{{"Romania", "romanesos"}, {"Rumanía", "rumanos"}, {"Romania", "Romanian"}},
	{{"Corea", "coreans"}, {"Corea", "coreanos"}, {"Korea", "Korean"}},
	{{"Vietnam", "vietnamites"}, {"Vietnam", "vietnamitas"}, {"Vietnam", "Vietnamese"}},
	{{"Tunísia", "tunisians"}, {"Túnez", "tunecinos"}, {"Tunisia", "Tunisian"}},
	{{"Senegal", "senegalesos"}, {"Senegal", "senegaleses"}, {"Senegal", "Senegalese"}},
	{{"Austràlia", "australians"}, {"Australia", "australianos"}, {"Australia", "Australian"}},
}

// collections are names of series, the same in every language.
var collections = []string{
	"Blue Lantern", "Alba 2000", "Quadern Roig", "MIRALL", "Norte Sur", "KITE", "Old Mill", "Setmana Verda", "LUPA", "Tres Mundos", "Silver Spoon", "VELA 3",
	"Premi Tardor", "Luna Nueva", "Open Door 1990", "Carta Blanca", "BRISA", "Nou Orient", "PAN 7", "T4U", "Mar Adentro", "Second Sun", "FARO", "CIM 21", "Les Quatre Estacions",
	"Hilo Rojo", "Long Shadow", "OREIG", "Mà Oberta", "Campo Viejo", "North Wind", "RÀFEGA", "ZETA", "Paper Moon", "El Somni Clar", "El Séptimo Sueño", "MOTS", "Bon Profit", "Río Grande",
	"LLAVOR", "High Street", "Tercera Via", "Doble Cara", "NIT2", "The Golden Key", "Clau de Sol", "Puerta Grande", "UMBRA", "WAVE", "El Passeig Vell", "La Otra Orilla", "KALEIDO", "IRIS",
}

// lands are what names of places that are neither town nor country begin with.
var lands = [3][]string{
	{"la Vall de ", "l'Illa de ", "la Costa de ", "el Parc de "},
	{"el Valle de ", "la Isla de ", "la Costa de ", "el Parque de "},
	{"the Valley of ", "the Isle of ", "the Coast of ", "the Park of "},
}

// syllables of made-up words, by language.
var syllables = [3][]string{
	strings.Fields("ba ca da fa ga la ma na pa ra sa ta va xa be ce de fe ge le me ne pe re se te ve xe bi ci di fi li mi ni pi ri si ti vi bo co do fo go lo mo no po ro so to vo xo bu cu du lu mu nu pu ru su tu lla lle llo nya nyo bre cra dre fla gra pla pre tra cal mar ten vil pol bor cam dal ses rius més nés tat ció ment"),
	strings.Fields("ba ca da fa ga la ma na pa ra sa ta va za be ce de fe ge le me ne pe re se te ve bi ci di fi li mi ni pi ri si ti vi bo co do fo go lo mo no po ro so to vo zo bu cu du lu mu nu pu ru su tu lla lle llo ña ño bre cra dre fla gra pla pre tra cal mar ten vil pol bor cam dal jo ja rro rra ción miento dad"),
	strings.Fields("ba ca da fa ga la ma na pa ra sa ta wa ha be ke de fe he le me ne pe re se te we she bi di fi hi li mi ni pi ri si ti wi bo co do fo go lo mo no po ro so to wo ho ru su tu sha tho chi bre cra dre fla gra pla pre tra cal mar ten wil pol bor cam dal ing tion ness ly ton ford shire wick"),
}

// source draws words. Everything random in this package comes from one generator.
type source struct{ *rand.Rand }

func pick[T any](s source, from []T) T { return from[s.IntN(len(from))] }

func (s source) chance(p float64) bool { return s.Float64() < p }

func (s source) shuffle(words []string) {
	s.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
}

// coined is a made-up word.
func (s source) coined(lang language) string {
	var b strings.Builder
	for range 2 + s.IntN(3) {
		b.WriteString(pick(s, syllables[lang]))
	}
	return b.String()
}

// noun is a real or made-up word.
func (s source) noun(lang language) string {
	if s.chance(.45) {
		return s.coined(lang)
	}
	return pick(s, nouns[lang])
}

// subject is a noun phrase such as a topic: one to seven words.
func (s source) subject(lang language) string {
	of := [3]string{" de ", " de ", " of "}[lang]
	and := [3]string{" i ", " y ", " and "}[lang]
	for_ := [3]string{" per a ", " para ", " for "}[lang]
	switch s.IntN(16) {
	case 0, 1, 2:
		return s.noun(lang)
	case 3, 4, 5:
		return s.described(lang)
	case 6, 7, 8:
		return pick(s, themes[lang])
	case 9, 10:
		return insert(lang, pick(s, heads[lang]), s.noun(lang))
	case 11:
		return insert(lang, pick(s, heads[lang]), s.described(lang))
	case 12:
		if lang == english {
			return s.noun(lang) + " " + s.noun(lang)
		}
		return s.noun(lang) + of + s.noun(lang)
	case 13:
		return s.described(lang) + of + s.noun(lang)
	case 14:
		return s.noun(lang) + and + s.noun(lang)
	default:
		return s.described(lang) + for_ + s.noun(lang)
	}
}

// described is a noun with an adjective.
func (s source) described(lang language) string {
	adjective := pick(s, adjectives[lang])
	if s.chance(.3) {
		adjective = s.coined(lang)
	}
	if lang == english {
		return adjective + " " + s.noun(lang)
	}
	return s.noun(lang) + " " + adjective
}

// proper is a made-up proper name of one or two words.
func (s source) proper() string {
	lang := pick(s, languages)
	name := title(s.coined(lang))
	if s.chance(.25) {
		name += pick(s, []string{" ", " ", " de ", "-"}) + title(s.coined(lang))
	}
	return name
}

// acronym is two to five capitals, maybe with a digit.
func (s source) acronym() string {
	var b strings.Builder
	for range 2 + s.IntN(4) {
		b.WriteByte("ABCDEFGHIJLMNOPQRSTUVXYZ"[s.IntN(24)])
	}
	if s.chance(.12) {
		b.WriteByte('0' + byte(s.IntN(10)))
	}
	return b.String()
}

func title(w string) string {
	r, n := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[n:]
}
