// Shares and changes in words, for every format.

package report

import (
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
)

type shareView struct {
	Class, Run            string
	Percent, Range, Count string
	Width, Low, Reach     string // of 100, for the bar
	Label                 string // the bar in words
}

type changeView struct {
	Run, Text, P, Verdict, Class string
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func interval(s eval.Share) string { return fmt.Sprintf("%.1f – %.1f", 100*s.Low, 100*s.High) }

func showShare(run int, name, metric string, s eval.Share) shareView {
	return shareView{
		Class: runClass(run), Run: name,
		Percent: percent(s.Share), Range: interval(s), Count: fmt.Sprintf("%d/%d", s.Count, s.Total),
		Width: fmt.Sprintf("%.2f", 100*s.Share), Low: fmt.Sprintf("%.2f", 100*s.Low), Reach: fmt.Sprintf("%.2f", 100*(s.High-s.Low)),
		Label: fmt.Sprintf("%s, %s: %s, interval %s", name, metric, percent(s.Share), interval(s)),
	}
}

// change words a paired test. The sign is a true minus, so that columns line up.
func change(run string, t eval.PairedTest) changeView {
	c := changeView{Run: run, Text: signed(t.Difference), P: pText(t.P), Class: "even", Verdict: "may be chance"}
	switch {
	case t.Gained+t.Lost == 0:
		c.Verdict, c.P = "no change", ""
	case t.P < significant && t.Difference > 0:
		c.Verdict, c.Class = "better", "better"
	case t.P < significant:
		c.Verdict, c.Class = "worse", "worse"
	}
	return c
}

func signed(difference float64) string {
	s := fmt.Sprintf("%+.1f", 100*difference)
	switch s {
	case "+0.0", "-0.0":
		return "±0.0"
	}
	return strings.Replace(s, "-", "−", 1)
}

func pText(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.3f", p)
}
