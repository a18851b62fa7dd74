package pretrain

import "strings"

// Words that stand for a placeholder in the phrase tables, so that it is the shape of a phrase («… by X», «that … in A») which
// tells where a detail begins and not a list of phrases known by heart. Three in ten are made up.
const (
	participle = "<done>" // «editats», «editados», «edited»
	present    = "<do>"   // «mostren», «muestran», «show»
	past       = "<did>"  // «sortir» (behind «van»), «salieron», «appeared»
)

var verbs = map[string][3][]string{
	participle: {
		strings.Fields("pagats dirigits editats produïts gestionats preparats impresos pensats distribuïts dissenyats recollits presentats supervisats oferts defensats triats revisats comprats llançats servits enviats dibuixats"),
		strings.Fields("pagados dirigidos editados producidos gestionados preparados impresos pensados distribuidos diseñados recogidos presentados supervisados ofrecidos defendidos elegidos revisados comprados lanzados servidos enviados dibujados"),
		strings.Fields("paid directed edited produced managed prepared printed designed distributed drawn collected presented supervised offered defended chosen revised bought launched served sent drafted"),
	},
	present: {
		strings.Fields("ensenyen mostren comenten tracten analitzen descriuen recullen presenten exploren miren resumeixen discuteixen celebren expliquen ataquen defensen pinten canten"),
		strings.Fields("enseñan muestran comentan tratan analizan describen recogen presentan exploran miran resumen discuten celebran explican atacan defienden pintan cantan"),
		strings.Fields("show teach discuss treat analyse describe gather present explore watch summarise celebrate explain attack defend paint sing"),
	},
	past: {
		strings.Fields("sortir aparèixer obrir tancar acabar guanyar arribar néixer estrenar-se fer-se vendre's imprimir-se caure"),
		strings.Fields("salieron aparecieron abrieron cerraron acabaron ganaron llegaron nacieron se_estrenaron se_hicieron se_vendieron cayeron"),
		strings.Fields("appeared opened closed ended won arrived premiered sold fell came_out went_up"),
	},
}

// endings of made-up verbs.
var verbEndings = map[string][3][]string{
	participle: {{"ats", "its", "uts"}, {"ados", "idos"}, {"ed"}},
	present:    {{"en"}, {"an", "en"}, {""}},
	past:       {{"ar", "ir"}, {"aron", "ieron"}, {"ed"}},
}

// filled replaces the placeholder in a phrase, if there is one.
func (s source) filled(lang language, phrase string) string {
	for kind, words := range verbs {
		if !strings.Contains(phrase, kind) {
			continue
		}
		word := strings.ReplaceAll(pick(s, words[lang]), "_", " ")
		if s.chance(.3) {
			word = s.coined(lang) + pick(s, verbEndings[kind][lang])
		}
		return strings.Replace(phrase, kind, word, 1)
	}
	return phrase
}
