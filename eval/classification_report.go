// The table of a classification, as scikit-learn's classification_report prints it.

package eval

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteReport writes precision, recall, F1 and support of every class, the accuracy, and the means over the classes, plain and
// weighted by support: the text of scikit-learn's classification_report with digits=4.
func (c *Classification) WriteReport(w io.Writer) error {
	width := len("weighted avg")
	for _, class := range c.Classes {
		width = max(width, utf8.RuneCountInString(class.Label))
	}
	var b strings.Builder
	label := func(text string) { b.WriteString(strings.Repeat(" ", width-utf8.RuneCountInString(text)) + text + " ") }
	label("")
	for _, head := range []string{"precision", "recall", "f1-score", "support"} {
		fmt.Fprintf(&b, " %9s", head)
	}
	b.WriteString("\n\n")
	row := func(name string, s ClassScore) {
		label(name)
		fmt.Fprintf(&b, " %9.4f %9.4f %9.4f %9d\n", s.Precision, s.Recall, s.F1, s.Support)
	}
	macro, weighted := ClassScore{Support: c.Total, F1: c.MacroF1}, ClassScore{Support: c.Total, F1: c.WeightedF1}
	for _, class := range c.Classes {
		row(class.Label, class)
		share := float64(class.Support) / float64(c.Total)
		macro.Precision += class.Precision / float64(len(c.Classes))
		macro.Recall += class.Recall / float64(len(c.Classes))
		weighted.Precision += class.Precision * share
		weighted.Recall += class.Recall * share
	}
	b.WriteString("\n")
	label("accuracy")
	fmt.Fprintf(&b, " %9s %9s %9.4f %9d\n", "", "", c.Accuracy, c.Total)
	row("macro avg", macro)
	row("weighted avg", weighted)
	_, err := io.WriteString(w, b.String())
	return err
}
