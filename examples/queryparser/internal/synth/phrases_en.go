package synth

// englishBook is the English of the training queries.
var englishBook = phrasebook{
	frames: map[ask][]string{
		askList: {"{N}", "{N}", "I am looking for {N}", "show me {N}", "I want to see {N}", "which {N} are there?", "give me {N}", "list of {N}",
			"Find {N}", "I need to find {N}", "I am interested in {N}", "show me the {N}", "are there any {N}?", "can you find {N}?",
			"I would like to consult {N}", "What are the {N}?", "make me a list of {N}", "find me {N}", "looking for {N}", "List all {N}"},
		askCount:   {"how many {N} are there?", "how many {N} have been funded?", "number of {N}", "Tell me how many {N} we have", "count of {N}"},
		askYearly:  {"yearly evolution of {N}", "how many {N} are there per year?", "how has the number of {N} evolved?"},
		askRanking: {"which organisations have most {N}?", "ranking of organisations with most {N}", "who leads most {N}?"},
		askFunding: {"what is the total amount of {N}?", "total funding of {N}", "how much money has gone to {N}?"},
	},
	nouns: []string{"projects", "projects", "projects", "research projects", "R&D projects"},
	level: map[string][]string{
		"european": {"^European", "^European", "funded by the European Union", "with European funding"},
		"national": {"^national", "^national", "with national funding", "funded by the state"},
		"regional": {"^regional", "^regional", "with regional funding"},
	},
	programme: []string{"^{bare X}", "^{bare X}", "from {X}", "under {X}", "funded by {X}", "within {X}", "from the programme {plain X}"},
	year: map[string][]string{
		"in":      {"from {a}", "in {a}", "from the year {a}", "started in {a}"},
		"between": {"between {a} and {b}", "from {a} to {b}", "{a}-{b}", "in the period {a}-{b}"},
		"since":   {"since {a}", "from {a} on", "from {a} onwards", "starting from {a}"},
		"after":   {"after {a}", "later than {a}"},
		"until":   {"until {b}", "up to {b}"},
		"before":  {"before {b}", "earlier than {b}"},
	},
	place:    []string{"in {X}", "in {X}", "carried out in {X}", "taking place in {X}"},
	province: []string{"in {X}", "in the province of {X}"},
	city:     []string{"in {X}", "in {X}", "in the city of {X}"},
	topic: []string{"^{short X}", "on {X}", "about {X}", "about {X}", "related to {X}", "on {X}", "in the field of {X}", "dealing with {X}",
		"focused on {X}", "devoted to {X}", "concerning {X}"},
	org:     []string{"by {X}", "of {X}", "with {X}", "with the participation of {X}", "involving {X}", "led by {X}", "coordinated by {X}", "carried out by {X}"},
	orgKind: []string{"by {X}", "with {X}", "with {X}", "with the participation of {X}", "involving {X}", "led by {X}"},
	orgs:    []string{"of {X} and {Y}", "by {X} with {Y}", "where {X} and {Y} work together", "with {X} and {Y}"},
	kindIn:  []string{"{K} from {X}", "{K} in {X}", "{adjective} {K}", "{adjective} {K}"},
	kind: map[string]plural{
		"university":      {"universities", 'f'},
		"company":         {"companies", 'f'},
		"research_center": {"research centres", 'm'},
		"hospital":        {"hospitals", 'm'},
		"ngo":             {"NGOs", 'f'},
		"public_entity":   {"public bodies", 'f'},
	},
	limit: map[string]string{
		"budget":      "with a budget of more than one million euros",
		"duration":    "lasting more than three years",
		"coordinator": "coordinated by women",
	},
	orders: []string{"lptoyw", "ltopwy", "lpowty", "lotpyw", "lypwto", "ltwopy", "lowtpy", "ltpyow"},
}
