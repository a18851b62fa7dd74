package pretrain

// How people ask for things, by language: frames around the request, and the
// connecting words of each kind of detail. X stands for the detail, A and B for
// the bounds of a period. The first entry of each list is the plain one, used
// for restating.

// things are what is asked for, masculine plural in Catalan and Spanish.
var things = [3][]string{
	{"llibres", "discos", "pisos", "concerts", "cursos", "cotxes", "viatges", "quadres", "mapes", "vins", "articles", "jocs", "vídeos", "restaurants", "mobles", "vestits", "diaris", "contes", "documentals", "tallers"},
	{"libros", "discos", "pisos", "conciertos", "cursos", "coches", "viajes", "cuadros", "mapas", "vinos", "artículos", "juegos", "vídeos", "restaurantes", "muebles", "vestidos", "diarios", "cuentos", "documentales", "talleres"},
	{"books", "records", "flats", "concerts", "courses", "cars", "trips", "paintings", "maps", "wines", "articles", "games", "videos", "restaurants", "chairs", "dresses", "diaries", "tales", "films", "workshops"},
}

// frames around the noun phrase X that ask for a list.
var listFrames = [3][]string{
	{"Llista de X", "X", "busco X", "mostra'm X", "vull X", "quins X hi ha?", "hi ha X?", "tens X?", "m'agradaria trobar X", "on puc trobar X?", "necessito X", "ensenya'm X", "què hi ha de X?", "algú coneix X?", "passa'm X", "estic buscant X", "digues-me X", "cerca X", "m'interessen X", "podries buscar X?", "recomana'm X", "X, si us plau", "hola, X", "voldria X"},
	{"Lista de X", "X", "busco X", "muéstrame X", "quiero X", "¿qué X hay?", "¿hay X?", "¿tienes X?", "me gustaría encontrar X", "¿dónde puedo encontrar X?", "necesito X", "enséñame X", "¿qué hay de X?", "¿alguien conoce X?", "pásame X", "estoy buscando X", "dime X", "busca X", "me interesan X", "¿podrías buscar X?", "recomiéndame X", "X, por favor", "hola, X", "querría X"},
	{"List of X", "X", "I am looking for X", "show me X", "I want X", "which X are there?", "are there X?", "do you have X?", "I would like to find X", "where can I find X?", "I need X", "let me see X", "what is there in X?", "does anybody know X?", "pass me X", "looking for X", "tell me X", "find X", "I am interested in X", "could you look for X?", "recommend X", "X, please", "hello, X", "I'd like X"},
}

// frames that ask how many.
var countFrames = [3][]string{
	{"Nombre de X", "quants X hi ha?", "quants X?", "digues-me quants X tens", "compta X", "saps quants X existeixen?"},
	{"Número de X", "¿cuántos X hay?", "¿cuántos X?", "dime cuántos X tienes", "cuenta X", "¿sabes cuántos X existen?"},
	{"Number of X", "how many X are there?", "how many X?", "tell me how many X you have", "count X", "do you know how many X exist?"},
}

// about introduces the subject.
var about = [3][]string{
	{"sobre X", "sobre X", "relacionats amb X", "que parlin de X", "que tractin de X", "en matèria de X", "dedicats a X", "centrats en X", "al voltant de X", "amb el tema X", "de X", "que expliquin X", "vinculats a X", "i X", "que toquin X"},
	{"sobre X", "sobre X", "relacionados con X", "que hablen de X", "que traten de X", "en materia de X", "dedicados a X", "centrados en X", "en torno a X", "con el tema X", "de X", "que expliquen X", "vinculados a X", "y X", "que toquen X"},
	{"about X", "on X", "related to X", "that speak of X", "dealing with X", "in the field of X", "devoted to X", "focused on X", "around X", "with the theme X", "concerning X", "that explain X", "linked to X", "and X", "touching on X"},
}

// in introduces a place.
var in = [3][]string{
	{"a X", "a X", "a prop de X", "situats a X", "que hi ha a X", "fets a X", "a la ciutat de X", "a la zona de X", "per X", "localitzats a X"},
	{"en X", "en X", "cerca de X", "situados en X", "que hay en X", "hechos en X", "en la ciudad de X", "en la zona de X", "por X", "localizados en X"},
	{"in X", "in X", "near X", "located in X", "that are in X", "made in X", "in the town of X", "in the area of X", "around X", "based in X"},
}

// within introduces a series.
var within = [3][]string{
	{"de la col·lecció X", "de X", "dins de X", "de la sèrie X", "inclosos a X", "que surten a X", "sota el segell X"},
	{"de la colección X", "de X", "dentro de X", "de la serie X", "incluidos en X", "que salen en X", "bajo el sello X"},
	{"of the series X", "of X", "within X", "in the collection X", "included in X", "under the label X", "X"},
}

// numberWanted is the note on a request for a number.
var numberWanted = [3]string{"se'n vol saber la quantitat", "se quiere saber la cantidad", "the number is wanted"}

// by introduces a maker; two makers are joined by and.
var by = [3][]string{
	{"de X", "de X", "fets per X", "amb X", "on surti X", "signats per X", "a càrrec de X", "que porti X", "en què participi X", "que tinguin X", "creats per X", "promoguts per X"},
	{"de X", "de X", "hechos por X", "con X", "donde salga X", "firmados por X", "a cargo de X", "que lleve X", "en que participe X", "que tengan X", "creados por X", "promovidos por X"},
	{"by X", "of X", "made by X", "with X", "featuring X", "signed by X", "run by X", "from X", "where X takes part", "having X", "created by X", "promoted by X"},
}

var and = [3][]string{
	{"i", "i", "amb", "i també", "juntament amb"},
	{"y", "y", "con", "y también", "junto con"},
	{"and", "and", "with", "and also", "together with"},
}

// when introduces a period, by its kind.
var when = [3]map[string][]string{
	{
		"in":      {"de l'any A", "del A", "de A", "l'any A", "fets el A", "durant el A", "A"},
		"between": {"de A a B", "entre A i B", "entre el A i el B", "del A al B", "des de A fins a B", "A-B", "del període A-B"},
		"since":   {"des de A", "des del A", "a partir de A", "a partir del A", "d'ençà del A", "de A en endavant", "A o més nous"},
		"after":   {"després de A", "posteriors a A", "més nous que A", "després del A"},
		"until":   {"fins a B", "fins al B", "com a molt tard de B"},
		"before":  {"abans de B", "anteriors a B", "d'abans del B", "previs a B"},
	},
	{
		"in":      {"del año A", "del A", "de A", "en A", "hechos en A", "durante A", "A"},
		"between": {"de A a B", "entre A y B", "entre el A y el B", "del A al B", "desde A hasta B", "A-B", "del periodo A-B"},
		"since":   {"desde A", "desde el A", "a partir de A", "a partir del A", "de A en adelante", "A o más nuevos"},
		"after":   {"después de A", "posteriores a A", "más nuevos que A", "después del A"},
		"until":   {"hasta B", "hasta el B", "como muy tarde de B"},
		"before":  {"antes de B", "anteriores a B", "de antes del B", "previos a B"},
	},
	{
		"in":      {"from A", "of A", "in A", "from the year A", "made in A", "during A", "A"},
		"between": {"from A to B", "between A and B", "A to B", "A-B", "in the period A-B", "from A until B"},
		"since":   {"since A", "from A on", "from A onwards", "starting in A", "as of A", "A or newer"},
		"after":   {"after A", "later than A", "newer than A"},
		"until":   {"until B", "up to B", "no later than B"},
		"before":  {"before B", "earlier than B", "prior to B"},
	},
}

// makers are kinds of makers: the word their names begin with, by language, and
// the code that stands for the kind in an answer.
var makers = []struct {
	head [3]string // with its article where the language wants one
	code string
}{
	{[3]string{"l'Editorial ", "la Editorial ", "Editorial "}, "publisher"},
	{[3]string{"la Llibreria ", "la Librería ", "the Bookshop "}, "shop"},
	{[3]string{"el Teatre ", "el Teatro ", "the Theatre "}, "theatre"},
	{[3]string{"la Galeria ", "la Galería ", "the Gallery "}, "gallery"},
	{[3]string{"l'Orquestra de ", "la Orquesta de ", "the Orchestra of "}, "orchestra"},
	{[3]string{"el Celler ", "la Bodega ", "the Winery "}, "winery"},
	{[3]string{"l'Acadèmia ", "la Academia ", "the Academy of "}, "school"},
	{[3]string{"el Club ", "el Club ", "the Club "}, "club"},
	{[3]string{"la Revista ", "la Revista ", "the Magazine "}, "magazine"},
	{[3]string{"el Grup ", "el Grupo ", "the Group "}, "band"},
}

// makerPlurals are the same kinds without a name.
var makerPlurals = [3][]string{
	{"editorials", "llibreries", "teatres", "galeries", "orquestres", "cellers", "acadèmies", "clubs", "revistes", "grups"},
	{"editoriales", "librerías", "teatros", "galerías", "orquestas", "bodegas", "academias", "clubs", "revistas", "grupos"},
	{"publishers", "bookshops", "theatres", "galleries", "orchestras", "wineries", "academies", "clubs", "magazines", "groups"},
}

// qualities stand behind the thing (before it in English) and have a code.
var qualities = []struct {
	word [3]string
	code string
}{
	{[3]string{"nous", "nuevos", "new"}, "new"},
	{[3]string{"barats", "baratos", "cheap"}, "cheap"},
	{[3]string{"cars", "caros", "expensive"}, "expensive"},
	{[3]string{"gratuïts", "gratuitos", "free"}, "free"},
	{[3]string{"petits", "pequeños", "small"}, "small"},
	{[3]string{"famosos", "famosos", "famous"}, "famous"},
}
