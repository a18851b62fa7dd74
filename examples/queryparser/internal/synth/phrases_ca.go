package synth

// catalanBook is the Catalan of the training queries.
var catalanBook = phrasebook{
	frames: map[ask][]string{
		askList: {"{N}", "{N}", "busco {N}", "mostra'm {N}", "vull veure {N}", "quins {N} hi ha?", "dona'm {N}", "llista de {N}",
			"Cerca {N}", "necessito trobar {N}", "m'interessen els {N}", "ensenya'm els {N}", "hi ha {N}?", "em pots trobar {N}?",
			"voldria consultar {N}", "Quins són els {N}?", "fes-me una llista de {N}", "troba'm {N}", "estic buscant {N}", "Llista'm tots els {N}"},
		askCount:   {"quants {N} hi ha?", "quants {N} s'han finançat?", "nombre de {N}", "Digues-me quants {N} tenim", "recompte de {N}"},
		askYearly:  {"evolució anual dels {N}", "quants {N} hi ha per any?", "com ha evolucionat el nombre de {N}?"},
		askRanking: {"quines entitats tenen més {N}?", "rànquing d'entitats amb més {N}", "qui lidera més {N}?"},
		askFunding: {"quin import total sumen els {N}?", "finançament total dels {N}", "quants diners s'han destinat a {N}?"},
	},
	nouns: []string{"projectes", "projectes", "projectes", "projectes de recerca", "projectes d'R+D"},
	level: map[string][]string{
		"european": {"europeus", "europeus", "finançats per la Unió Europea", "amb finançament europeu"},
		"national": {"nacionals", "estatals", "de finançament estatal"},
		"regional": {"regionals", "regionals", "amb finançament autonòmic"},
	},
	programme: []string{"{de X}", "{de X}", "finançats {per X}", "dins {de X}", "en el marc {de X}", "del programa {plain X}"},
	year: map[string][]string{
		"in":      {"de {a}", "del {a}", "de l'any {a}", "iniciats el {a}", "l'any {a}"},
		"between": {"entre {a} i {b}", "entre el {a} i el {b}", "del {a} al {b}", "{a}-{b}", "del període {a}-{b}"},
		"since":   {"des de {a}", "des del {a}", "a partir de {a}", "a partir del {a}"},
		"after":   {"després de {a}", "posteriors a {a}", "després del {a}"},
		"until":   {"fins a {b}", "fins al {b}"},
		"before":  {"abans de {b}", "anteriors a {b}", "d'abans del {b}"},
	},
	place:    []string{"{a X}", "{a X}", "fets {a X}", "que es fan {a X}"},
	province: []string{"{a X}", "a la província {de X}"},
	city:     []string{"{a X}", "{a X}", "a la ciutat {de X}"},
	topic: []string{"sobre {X}", "sobre {X}", "sobre {X}", "relacionats amb {X}", "{de X}", "en matèria {de X}", "que tractin {de X}",
		"centrats en {X}", "dedicats a {X}", "vinculats a {X}"},
	org:     []string{"{de X}", "{de X}", "amb {X}", "amb la participació {de X}", "on participa {X}", "liderats {per X}", "coordinats {per X}", "fets {per X}"},
	orgKind: []string{"{de X}", "amb {X}", "amb {X}", "amb la participació {de X}", "on participen {X}", "liderats {per X}"},
	orgs:    []string{"{de X} i {Y}", "{de X} amb {Y}", "on col·laboren {X} i {Y}", "amb {X} i {Y}"},
	kindIn:  []string{"{K} {de X}", "{K} {de X}", "{K} {adjective}", "{K} {adjective}"},
	kind: map[string]plural{
		"university":      {"universitats", 'f'},
		"company":         {"empreses", 'f'},
		"research_center": {"centres de recerca", 'm'},
		"hospital":        {"hospitals", 'm'},
		"ngo":             {"ONG", 'f'},
		"public_entity":   {"entitats públiques", 'f'},
	},
	limit: map[string]string{
		"budget":      "amb un pressupost superior a un milió d'euros",
		"duration":    "que durin més de tres anys",
		"coordinator": "coordinats per dones",
	},
	orders: []string{"lptoyw", "ltopwy", "lpowty", "lotpyw", "lypwto", "ltwopy", "lowtpy", "ltpyow"},
}
