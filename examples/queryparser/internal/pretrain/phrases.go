package pretrain

// How people ask for things, by language: frames around the request, and the
// connecting words of each kind of detail. X stands for the detail, A and B for
// the bounds of a period. The first entry of each list is the plain one, used
// for restating.

// things are what is asked for, masculine plural in Catalan and Spanish.
var things = [3][]string{
	{"llibres", "discos", "pisos", "concerts", "cursos", "cotxes", "viatges", "quadres", "mapes", "vins", "articles", "jocs", "vídeos", "restaurants", "mobles", "vestits", "diaris", "contes", "documentals", "tallers",
		"llibres de cuina", "cursos en línia", "programes de ràdio", "jocs de rol", "bitllets de tren", "llocs de treball", "ordinadors de segona mà", "poemes d'amor", "retalls de premsa", "dibuixos animats", "vestits de núvia", "plats de peix", "àlbums de fotos", "textos escolars", "llocs d'estiueig", "contes per a infants", "patrons de costura", "gossos de caça", "vols de nit", "mobles de jardí", "aparells de ràdio", "sabons artesans", "camps de futbol", "museus locals", "anuncis de feina", "pianos de cua", "rellotges de paret", "tallers de costura", "guions de cinema", "còmics"},
	{"libros", "discos", "pisos", "conciertos", "cursos", "coches", "viajes", "cuadros", "mapas", "vinos", "artículos", "juegos", "vídeos", "restaurantes", "muebles", "vestidos", "diarios", "cuentos", "documentales", "talleres",
		"libros de cocina", "cursos en línea", "programas de radio", "juegos de rol", "billetes de tren", "puestos de trabajo", "ordenadores de segunda mano", "poemas de amor", "recortes de prensa", "dibujos animados", "vestidos de novia", "platos de pescado", "álbumes de fotos", "textos escolares", "lugares de veraneo", "cuentos para niños", "patrones de costura", "perros de caza", "vuelos de noche", "muebles de jardín", "aparatos de radio", "jabones artesanos", "campos de fútbol", "museos locales", "anuncios de empleo", "pianos de cola", "relojes de pared", "talleres de costura", "guiones de cine", "cómics"},
	{"books", "records", "flats", "concerts", "courses", "cars", "trips", "paintings", "maps", "wines", "articles", "games", "videos", "restaurants", "chairs", "dresses", "diaries", "tales", "films", "workshops",
		"cookery books", "online courses", "radio programmes", "role-playing games", "train tickets", "jobs", "second-hand computers", "love poems", "press cuttings", "animated films", "wedding dresses", "fish dishes", "photo albums", "school texts", "summer resorts", "children's tales", "sewing patterns", "hunting dogs", "night flights", "garden chairs", "radio sets", "handmade soaps", "football grounds", "local museums", "job offers", "grand pianos", "wall clocks", "sewing workshops", "film scripts", "comics"},
}

// frames around the noun phrase X that ask for a list.
var listFrames = [3][]string{
	{"Llista de X", "X", "busco X", "mostra'm X", "vull X", "quins X hi ha?", "hi ha X?", "tens X?", "m'agradaria trobar X", "on puc trobar X?", "necessito X", "ensenya'm X", "què hi ha de X?", "algú coneix X?", "passa'm X", "estic buscant X", "digues-me X", "cerca X", "m'interessen X", "podries buscar X?", "recomana'm X", "X, si us plau", "hola, X", "voldria X", "bon dia, voldria saber si teniu X", "estic fent un treball i em calen X", "fes-me una tria de X", "a veure si trobes X", "què em pots dir de X?", "em podries passar X?", "m'han demanat X", "es poden veure X?", "dona'm X", "llista X", "X?", "cerco X", "fes una cerca de X", "hi hauria manera de trobar X?", "vull saber quins X teniu", "quins són els X?", "mira si hi ha X", "necessitaria que em trobessis X", "treu-me X", "tots els X", "sisplau, X", "ei, saps de X?", "posa'm X"},
	{"Lista de X", "X", "busco X", "muéstrame X", "quiero X", "¿qué X hay?", "¿hay X?", "¿tienes X?", "me gustaría encontrar X", "¿dónde puedo encontrar X?", "necesito X", "enséñame X", "¿qué hay de X?", "¿alguien conoce X?", "pásame X", "estoy buscando X", "dime X", "busca X", "me interesan X", "¿podrías buscar X?", "recomiéndame X", "X, por favor", "hola, X", "querría X", "buenos días, quisiera saber si tenéis X", "estoy haciendo un trabajo y me hacen falta X", "hazme una selección de X", "a ver si encuentras X", "¿qué me puedes decir de X?", "¿me podrías pasar X?", "me han pedido X", "¿se pueden ver X?", "dame X", "lista X", "¿X?", "ando buscando X", "haz una búsqueda de X", "¿habría manera de encontrar X?", "quiero saber qué X tenéis", "¿cuáles son los X?", "mira si hay X", "necesitaría que me encontraras X", "sácame X", "todos los X", "X porfa", "oye, ¿sabes de X?", "ponme X"},
	{"List of X", "X", "I am looking for X", "show me X", "I want X", "which X are there?", "are there X?", "do you have X?", "I would like to find X", "where can I find X?", "I need X", "let me see X", "what is there in X?", "does anybody know X?", "pass me X", "looking for X", "tell me X", "find X", "I am interested in X", "could you look for X?", "recommend X", "X, please", "hello, X", "I'd like X", "good morning, could I know whether you have X", "I am writing an essay and need X", "pick some X for me", "see if you can find X", "what can you tell me of X?", "could you pass me X?", "somebody asked me for X", "can one see X?", "give me X", "list X", "X?", "searching for X", "run a search for X", "is there a way to find X?", "I want to know which X you have", "what are the X?", "check if there are X", "I would need you to find X", "get me X", "all the X", "X pls", "hey, do you know of X?", "bring up X"},
}

// frames that ask how many.
var countFrames = [3][]string{
	{"Nombre de X", "quants X hi ha?", "quants X?", "digues-me quants X tens", "compta X", "saps quants X existeixen?", "quina és la quantitat de X?", "quin nombre de X tenim?", "em dius el nombre de X?", "quants X hi deu haver?", "recompte de X"},
	{"Número de X", "¿cuántos X hay?", "¿cuántos X?", "dime cuántos X tienes", "cuenta X", "¿sabes cuántos X existen?", "¿cuál es la cantidad de X?", "¿qué número de X tenemos?", "¿me dices el número de X?", "¿cuántos X habrá?", "recuento de X"},
	{"Number of X", "how many X are there?", "how many X?", "tell me how many X you have", "count X", "do you know how many X exist?", "what is the quantity of X?", "what number of X do we have?", "can you tell me the number of X?", "how many X would there be?", "tally of X"},
}

// about introduces the subject.
var about = [3][]string{
	{"sobre X", "sobre X", "relacionats amb X", "que parlin de X", "que tractin de X", "en matèria de X", "dedicats a X", "centrats en X", "al voltant de X", "amb el tema X", "de X", "que expliquin X", "vinculats a X", "i X", "que toquin X", "que vagin de X", "entorn de X", "pel que fa a X", "en l'àmbit de X", "que s'ocupin de X", "que facin referència a X", "amb X com a tema", "que mencionin X", "especialitzats en X", "on es parli de X", "per aprendre X", "i la qüestió de X", "que aprofundeixin en X", "basats en X", "que <do> X", "que <do> X", "que <do> sobre X", "que <do> la qüestió de X", "<done> al voltant de X"},
	{"sobre X", "sobre X", "relacionados con X", "que hablen de X", "que traten de X", "en materia de X", "dedicados a X", "centrados en X", "en torno a X", "con el tema X", "de X", "que expliquen X", "vinculados a X", "y X", "que toquen X", "que vayan de X", "acerca de X", "en lo que toca a X", "en el ámbito de X", "que se ocupen de X", "que hagan referencia a X", "con X como tema", "que mencionen X", "especializados en X", "donde se hable de X", "para aprender X", "y la cuestión de X", "que profundicen en X", "basados en X", "que <do> X", "que <do> X", "que <do> sobre X", "que <do> la cuestión de X", "<done> alrededor de X"},
	{"about X", "on X", "related to X", "that speak of X", "dealing with X", "in the field of X", "devoted to X", "focused on X", "around X", "with the theme X", "concerning X", "that explain X", "linked to X", "and X", "touching on X", "that go into X", "regarding X", "as to X", "in the area of X", "that deal with X", "that refer to X", "with X as a theme", "mentioning X", "specialised in X", "where X is discussed", "for learning X", "and the question of X", "going deep into X", "based on X", "that <do> X", "that <do> X", "that <do> the matter of X", "<done> around X"},
}

// in introduces a place.
var in = [3][]string{
	{"a X", "a X", "a prop de X", "situats a X", "que hi ha a X", "fets a X", "a la ciutat de X", "a la zona de X", "per X", "localitzats a X", "que trobem a X", "des de X", "amb seu a X", "ubicats a X", "per la banda de X", "dins de X", "<done> a X", "<done> a X", "que es <do> a X"},
	{"en X", "en X", "cerca de X", "situados en X", "que hay en X", "hechos en X", "en la ciudad de X", "en la zona de X", "por X", "localizados en X", "que encontramos en X", "desde X", "con sede en X", "ubicados en X", "por la parte de X", "dentro de X", "<done> en X", "<done> en X", "que se <do> en X"},
	{"in X", "in X", "near X", "located in X", "that are in X", "made in X", "in the town of X", "in the area of X", "around X", "based in X", "found in X", "from X", "seated in X", "placed in X", "over in X", "inside X", "<done> in X", "<done> in X", "that people <do> in X"},
}

// within introduces a series.
var within = [3][]string{
	{"de la col·lecció X", "de X", "dins de X", "de la sèrie X", "inclosos a X", "que surten a X", "sota el segell X", "del segell X", "publicats a X", "que formen part de X", "en el marc de X", "pertanyents a X", "de la marca X", "<done> per X", "<done> per X", "amb diners de X", "amb l'etiqueta de X", "<done> dins de X"},
	{"de la colección X", "de X", "dentro de X", "de la serie X", "incluidos en X", "que salen en X", "bajo el sello X", "del sello X", "publicados en X", "que forman parte de X", "en el marco de X", "pertenecientes a X", "de la marca X", "<done> por X", "<done> por X", "con dinero de X", "con la etiqueta de X", "<done> dentro de X"},
	{"of the series X", "of X", "within X", "in the collection X", "included in X", "under the label X", "X", "of the label X", "published in X", "that are part of X", "as part of X", "belonging to X", "of the brand X", "<done> by X", "<done> by X", "with money from X", "with the label of X", "<done> under X"},
}

// numberWanted is the note on a request for a number.
var numberWanted = [3]string{"se'n vol saber la quantitat", "se quiere saber la cantidad", "the number is wanted"}

// by introduces a maker; two makers are joined by and.
var by = [3][]string{
	{"de X", "de X", "fets per X", "amb X", "on surti X", "signats per X", "a càrrec de X", "que porti X", "en què participi X", "que tinguin X", "creats per X", "promoguts per X", "que fan X", "escrits per X", "organitzats per X", "on col·laborin X", "amb X de responsable", "de la mà de X", "que hagi fet X", "encarregats a X", "venuts per X", "a iniciativa de X", "<done> per X", "<done> per X", "<done> per X", "<done> amb X", "amb X entre els noms", "on hi ha X"},
	{"de X", "de X", "hechos por X", "con X", "donde salga X", "firmados por X", "a cargo de X", "que lleve X", "en que participe X", "que tengan X", "creados por X", "promovidos por X", "que hacen X", "escritos por X", "organizados por X", "donde colaboren X", "con X de responsable", "de la mano de X", "que haya hecho X", "encargados a X", "vendidos por X", "a iniciativa de X", "<done> por X", "<done> por X", "<done> por X", "<done> con X", "con X entre los nombres", "donde está X"},
	{"by X", "of X", "made by X", "with X", "featuring X", "signed by X", "run by X", "where X takes part", "having X", "created by X", "promoted by X", "that X make", "written by X", "organised by X", "with the help of X", "with X in charge", "at the hands of X", "that X has made", "ordered from X", "sold by X", "on the initiative of X", "<done> by X", "<done> by X", "<done> by X", "<done> with X", "with X among the names", "where X is present"},
}

var and = [3][]string{
	{"i", "i", "amb", "i també", "juntament amb"},
	{"y", "y", "con", "y también", "junto con"},
	{"and", "and", "with", "and also", "together with"},
}

// when introduces a period, by its kind.
var when = [3]map[string][]string{
	{
		"in":      {"de l'any A", "del A", "de A", "l'any A", "fets el A", "durant el A", "A", "que van sortir el A", "publicats el A", "que daten de A", "datats el A", "tot el A", "que van <did> el A", "que van <did> el A", "que van <did> durant el A", "<done> el A", "<done> l'any A"},
		"between": {"de A a B", "entre A i B", "entre el A i el B", "del A al B", "des de A fins a B", "A-B", "del període A-B", "entre els anys A i B", "del A fins al B", "dels anys A-B", "A a B", "que van del A al B", "que van <did> entre A i B", "<done> entre A i B", "<done> del A al B"},
		"since":   {"des de A", "des del A", "a partir de A", "a partir del A", "d'ençà del A", "de A en endavant", "A o més nous", "del A cap aquí", "com a mínim del A", "de l'any A o posteriors", "a comptar del A", "començant pel A", "que van <did> a partir del A", "<done> des del A"},
		"after":   {"després de A", "posteriors a A", "més nous que A", "després del A", "passat el A", "amb data posterior a A", "d'un any posterior a A", "que van <did> després del A", "<done> després de A"},
		"until":   {"fins a B", "fins al B", "com a molt tard de B", "fins l'any B", "no més enllà del B", "de B o anteriors", "acabant al B", "<done> fins al B"},
		"before":  {"abans de B", "anteriors a B", "d'abans del B", "previs a B", "més antics que B", "més vells que B", "amb data anterior a B", "que van <did> abans del B", "<done> abans de B"},
	},
	{
		"in":      {"del año A", "del A", "de A", "en A", "hechos en A", "durante A", "A", "que salieron en A", "publicados en A", "que datan de A", "fechados en A", "todo A", "que <did> en A", "que <did> en A", "que <did> durante A", "<done> en A", "<done> el año A"},
		"between": {"de A a B", "entre A y B", "entre el A y el B", "del A al B", "desde A hasta B", "A-B", "del periodo A-B", "entre los años A y B", "del A hasta el B", "de los años A-B", "A a B", "que van del A al B", "que <did> entre A y B", "<done> entre A y B", "<done> del A al B"},
		"since":   {"desde A", "desde el A", "a partir de A", "a partir del A", "de A en adelante", "A o más nuevos", "de A para acá", "como mínimo de A", "del año A o posteriores", "a contar de A", "empezando por A", "que <did> a partir de A", "<done> desde A"},
		"after":   {"después de A", "posteriores a A", "más nuevos que A", "después del A", "pasado A", "con fecha posterior a A", "de un año posterior a A", "que <did> después de A", "<done> después de A"},
		"until":   {"hasta B", "hasta el B", "como muy tarde de B", "hasta el año B", "no más allá de B", "de B o anteriores", "acabando en B", "<done> hasta B"},
		"before":  {"antes de B", "anteriores a B", "de antes del B", "previos a B", "más antiguos que B", "más viejos que B", "con fecha anterior a B", "que <did> antes de B", "<done> antes de B"},
	},
	{
		"in":      {"from A", "of A", "in A", "from the year A", "made in A", "during A", "A", "that came out in A", "published in A", "that date from A", "dated A", "all through A", "that <did> in A", "that <did> in A", "that <did> during A", "<done> in A", "<done> in the year A"},
		"between": {"from A to B", "between A and B", "A to B", "A-B", "in the period A-B", "from A until B", "between the years A and B", "from A up to B", "of the years A-B", "going from A to B", "that <did> between A and B", "<done> between A and B", "<done> from A to B"},
		"since":   {"since A", "from A on", "from A onwards", "starting in A", "as of A", "A or newer", "from A to now", "at least from A", "of the year A or later", "counting from A", "beginning in A", "that <did> from A on", "<done> since A"},
		"after":   {"after A", "later than A", "newer than A", "past A", "dated later than A", "of a year after A", "that <did> after A", "<done> after A"},
		"until":   {"until B", "up to B", "no later than B", "until the year B", "not beyond B", "of B or earlier", "ending in B", "<done> until B"},
		"before":  {"before B", "earlier than B", "prior to B", "older than B", "dated before B", "of a year before B", "that <did> before B", "<done> before B"},
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
