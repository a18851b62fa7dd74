package synth

// spanishBook is the Spanish of the training queries.
var spanishBook = phrasebook{
	frames: map[ask][]string{
		askList: {"{N}", "{N}", "busco {N}", "muéstrame {N}", "quiero ver {N}", "¿qué {N} hay?", "dame {N}", "lista de {N}",
			"Busca {N}", "necesito encontrar {N}", "me interesan los {N}", "enséñame los {N}", "¿hay {N}?", "¿me puedes encontrar {N}?",
			"querría consultar {N}", "¿Cuáles son los {N}?", "hazme una lista de {N}", "encuéntrame {N}", "estoy buscando {N}", "Lista todos los {N}"},
		askCount:   {"¿cuántos {N} hay?", "¿cuántos {N} se han financiado?", "número de {N}", "Dime cuántos {N} tenemos", "recuento de {N}"},
		askYearly:  {"evolución anual de los {N}", "¿cuántos {N} hay por año?", "¿cómo ha evolucionado el número de {N}?"},
		askRanking: {"¿qué entidades tienen más {N}?", "ranking de entidades con más {N}", "¿quién lidera más {N}?"},
		askFunding: {"¿qué importe total suman los {N}?", "financiación total de los {N}", "¿cuánto dinero se ha destinado a {N}?"},
	},
	nouns: []string{"proyectos", "proyectos", "proyectos", "proyectos de investigación", "proyectos de I+D"},
	level: map[string][]string{
		"european": {"europeos", "europeos", "financiados por la Unión Europea", "con financiación europea"},
		"national": {"nacionales", "estatales", "de financiación estatal"},
		"regional": {"regionales", "regionales", "con financiación autonómica"},
	},
	programme: []string{"{de X}", "{de X}", "financiados por {X}", "dentro {de X}", "en el marco {de X}", "del programa {plain X}"},
	year: map[string][]string{
		"in":      {"de {a}", "del {a}", "del año {a}", "iniciados en {a}", "en {a}"},
		"between": {"entre {a} y {b}", "entre el {a} y el {b}", "del {a} al {b}", "{a}-{b}", "del periodo {a}-{b}"},
		"since":   {"desde {a}", "desde el {a}", "a partir de {a}", "a partir del {a}"},
		"after":   {"después de {a}", "posteriores a {a}", "después del {a}"},
		"until":   {"hasta {b}", "hasta el {b}"},
		"before":  {"antes de {b}", "anteriores a {b}", "de antes del {b}"},
	},
	place:    []string{"en {X}", "en {X}", "hechos en {X}", "que se hacen en {X}"},
	province: []string{"en {X}", "en la provincia {de X}"},
	city:     []string{"en {X}", "en {X}", "en la ciudad {de X}"},
	topic: []string{"sobre {X}", "sobre {X}", "sobre {X}", "relacionados con {X}", "{de X}", "en materia {de X}", "que traten {de X}",
		"centrados en {X}", "dedicados a {X}", "vinculados a {X}"},
	org:     []string{"{de X}", "{de X}", "con {X}", "con la participación {de X}", "en los que participa {X}", "liderados por {X}", "coordinados por {X}", "hechos por {X}"},
	orgKind: []string{"{de X}", "con {X}", "con {X}", "con la participación {de X}", "en los que participan {X}", "liderados por {X}"},
	orgs:    []string{"{de X} {y Y}", "{de X} con {Y}", "en los que colaboran {X} {y Y}", "con {X} {y Y}"},
	kindIn:  []string{"{K} {de X}", "{K} {de X}", "{K} {adjective}", "{K} {adjective}"},
	kind: map[string]plural{
		"university":      {"universidades", 'f'},
		"company":         {"empresas", 'f'},
		"research_center": {"centros de investigación", 'm'},
		"hospital":        {"hospitales", 'm'},
		"ngo":             {"ONG", 'f'},
		"public_entity":   {"entidades públicas", 'f'},
	},
	limit: map[string]string{
		"budget":      "con un presupuesto superior a un millón de euros",
		"duration":    "que duren más de tres años",
		"coordinator": "coordinados por mujeres",
	},
	orders: []string{"lptoyw", "ltopwy", "lpowty", "lotpyw", "lypwto", "ltwopy", "lowtpy", "ltpyow"},
}
