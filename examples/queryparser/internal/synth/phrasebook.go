package synth

// phrasebook is the wording of one language. Its entries are small templates:
//
//	{N}              in a frame: the whole noun phrase («projectes … sobre …»)
//	{X}              in a piece: the thing it speaks of, with its article
//	{de X}           a preposition before it, contracted as the language wants
//	{bare X}         the thing without its article
//	{plain X}        the thing; only used for one that has no article
//	{short X}        the thing; only used for one that is not composed
//	{a}, {b}         the bounds of a period
//	{K}, {adjective} a kind of organisation; what comes from its place («franceses»)
//
// A piece that begins with ^ goes before the noun («European projects»).
type phrasebook struct {
	frames map[ask][]string
	nouns  []string // what projects are called
	orders []string // of the pieces behind the noun: (l)evel (p)rogramme (y)ear (w)here (o)rganisations (t)opic

	level     map[string][]string // by funding level
	programme []string
	year      map[string][]string // by kind of period
	place     []string
	province  []string // a province, where it must be told from its capital
	city      []string
	topic     []string

	org     []string            // one organisation, by name
	orgKind []string            // one kind of organisation, in the plural
	orgs    []string            // two of either, {X} and {Y}
	kind    map[string][]plural // kinds of organisation; the first noun is the plain one
	kindIn  []string            // a kind with its place
	limit   map[string]string   // wishes that the schema cannot hold
}

// plural is a noun in the plural with its gender.
type plural struct {
	noun   string
	gender rune
}

// trainingBooks are the wordings of the training set.
var trainingBooks = map[Language]*phrasebook{Catalan: &catalanBook, Spanish: &spanishBook, English: &englishBook}

// trainingOrders of the pieces: the level stands by the noun, everything else anywhere.
var trainingOrders = []string{"lptoyw", "ltopwy", "lpowty", "lotpyw", "lypwto", "ltwopy", "lowtpy", "ltpyow", "ltpoyw", "ltywop", "ltowyp", "lptywo",
	"lptwyo", "lytpow", "lytowp", "lwtpoy", "lwtyop", "lopwty", "loytwp", "lowytp", "lpyotw", "lpwoyt", "loypwt", "lywpot", "ltoypw", "lowpyt"}
