// Curves as SVG that takes its colours from the page and its text from HTML, so that it can be stretched.

package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// curveView is one plot: a stretched drawing of 1000 by 1000, ticks beside it.
type curveView struct {
	Title   string
	Drawing template.HTML
	Y       []tick // from the top
	X       []tick
	Legend  []legendEntry
	Summary string // for those who do not see the picture
}

type tick struct {
	At   string // percent from the top or from the left
	Text string
}

type legendEntry struct {
	Class string
	Name  string
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// curveViews draws every quantity that a run has logged.
func curveViews(logs []*TrainLog) (views []curveView) {
	for _, c := range curves {
		lines := make([][]point, len(logs))
		some := false
		for i, log := range logs {
			lines[i] = thin(log.series(c.value), 800)
			some = some || len(lines[i]) > 0
		}
		if some {
			views = append(views, drawCurve(c.title, lines, logs, c.marks))
		}
	}
	return views
}

func drawCurve(title string, lines [][]point, logs []*TrainLog, marks bool) curveView {
	x0, x1, y0, y1 := bounds(lines)
	ys := niceTicks(y0, y1, 5)
	y0, y1 = min(y0, ys[0]), max(y1, ys[len(ys)-1])
	px := func(x float64) float64 { return 1000 * (x - x0) / (x1 - x0) }
	py := func(y float64) float64 { return 1000 * (y1 - y) / (y1 - y0) }

	v := curveView{Title: title}
	var b strings.Builder
	for _, y := range ys {
		fmt.Fprintf(&b, `<line class="grid" x1="0" x2="1000" y1="%.1f" y2="%.1f"/>`, py(y), py(y))
		v.Y = append(v.Y, tick{fmt.Sprintf("%.2f%%", py(y)/10), tickText(y)})
	}
	for _, x := range niceTicks(x0, x1, 6) {
		if x >= x0 && x <= x1 && x == math.Trunc(x) {
			v.X = append(v.X, tick{fmt.Sprintf("%.2f%%", px(x)/10), tickText(x)})
		}
	}
	var summary []string
	for i, line := range lines {
		if len(line) == 0 {
			continue
		}
		class := runClass(i)
		v.Legend = append(v.Legend, legendEntry{class, logs[i].Name})
		var path strings.Builder
		for j, p := range line {
			switch {
			case marks || len(line) == 1: // a line of no length with round ends is a dot that stretching leaves round
				fmt.Fprintf(&path, "M%.1f %.1fh.01", px(p.x), py(p.y))
			case j == 0:
				fmt.Fprintf(&path, "M%.1f %.1f", px(p.x), py(p.y))
			default:
				fmt.Fprintf(&path, "L%.1f %.1f", px(p.x), py(p.y))
			}
		}
		kind := "curve"
		if marks || len(line) == 1 {
			kind = "dots"
		}
		fmt.Fprintf(&b, `<path class="%s %s" d="%s"/>`, kind, class, path.String())
		first, last := line[0], line[len(line)-1]
		summary = append(summary, fmt.Sprintf("%s: from %.4g at step %.0f to %.4g at step %.0f", logs[i].Name, first.y, first.x, last.y, last.x))
	}
	v.Drawing = template.HTML(b.String()) // numbers and fixed words only
	v.Summary = title + ". " + strings.Join(summary, "; ")
	return v
}

// runClass is the class that gives run i its colour.
func runClass(i int) string { return "run" + strconv.Itoa(i%6) }

func bounds(lines [][]point) (x0, x1, y0, y1 float64) {
	x0, y0 = math.Inf(1), math.Inf(1)
	x1, y1 = math.Inf(-1), math.Inf(-1)
	for _, line := range lines {
		for _, p := range line {
			x0, x1 = min(x0, p.x), max(x1, p.x)
			y0, y1 = min(y0, p.y), max(y1, p.y)
		}
	}
	if y0 > 0 && y0 < 0.6*y1 {
		y0 = 0 // a curve that falls far is seen against zero
	}
	if x1 == x0 {
		x0, x1 = x0-1, x1+1
	}
	if y1 == y0 {
		y0, y1 = y0-math.Max(math.Abs(y0), 1e-9)/2, y1+math.Max(math.Abs(y1), 1e-9)/2
	}
	return x0, x1, y0, y1
}

// niceTicks returns about n round numbers that cover the range.
func niceTicks(lo, hi float64, n int) []float64 {
	raw := (hi - lo) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if step*f >= raw {
			step *= f
			break
		}
	}
	var ticks []float64
	first := math.Floor(lo / step)
	for i := 0.0; ; i++ {
		t := (first + i) * step
		ticks = append(ticks, t)
		if t >= hi-step*1e-9 || len(ticks) > 50 {
			return ticks
		}
	}
}

// tickText writes a tick with at most six digits, which hides what adding up steps has left behind.
func tickText(v float64) string {
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e6) {
		format = 'e'
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		rounded = v
	}
	return strconv.FormatFloat(rounded, format, -1, 64)
}

// thin keeps at most n points, of each stretch the lowest and the highest, so that spikes stay.
func thin(points []point, n int) []point {
	if len(points) <= n {
		return points
	}
	stretches := n / 2
	out := make([]point, 0, n)
	for s := range stretches {
		part := points[s*len(points)/stretches : (s+1)*len(points)/stretches]
		low, high := 0, 0
		for i, p := range part {
			if p.y < part[low].y {
				low = i
			}
			if p.y > part[high].y {
				high = i
			}
		}
		out = append(out, part[min(low, high)])
		if low != high {
			out = append(out, part[max(low, high)])
		}
	}
	return out
}
