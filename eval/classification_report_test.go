package eval_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/eval"
)

// The text is scikit-learn's: classification_report(gold, told, digits=4, zero_division=0).
func TestTheReportOfAClassificationIsScikitLearns(t *testing.T) {
	c, err := eval.Classify(strings.Fields("clima clima salut energia energia energia salut clima"), strings.Fields("clima salut salut energia clima energia energia clima"))
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, c.WriteReport(&b))
	require.Equal(t, `              precision    recall  f1-score   support

       clima     0.6667    0.6667    0.6667         3
     energia     0.6667    0.6667    0.6667         3
       salut     0.5000    0.5000    0.5000         2

    accuracy                         0.6250         8
   macro avg     0.6111    0.6111    0.6111         8
weighted avg     0.6250    0.6250    0.6250         8
`, b.String())
}
