// The report as a picture.

package report

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// runColours are those of the page's light setting.
var runColours = []color.Color{
	color.RGBA{0x00, 0x62, 0xa3, 0xff}, color.RGBA{0xb3, 0x47, 0x00, 0xff}, color.RGBA{0x00, 0x70, 0x5a, 0xff},
	color.RGBA{0x8a, 0x3a, 0x86, 0xff}, color.RGBA{0x6b, 0x59, 0x00, 0xff}, color.RGBA{0xa3, 0x20, 0x2d, 0xff},
}

func runColour(i int) color.Color { return runColours[i%len(runColours)] }

// WritePNG draws the shares with their intervals, and below them the curves of the training runs.
func (d *Document) WritePNG(w io.Writer) error {
	const width = 9 * vg.Inch
	type panel struct {
		plot   *plot.Plot
		height vg.Length
	}
	var panels []panel
	if len(d.Evals) > 0 {
		p, err := d.sharePlot()
		if err != nil {
			return err
		}
		rows := 0
		for _, s := range sections {
			rows += len(s.metrics)
		}
		panels = append(panels, panel{p, vg.Length(rows)*(0.14*vg.Length(len(d.Evals))+0.16)*vg.Inch + 1.2*vg.Inch})
	}
	for _, c := range curves {
		p := plot.New()
		p.Title.Text, p.X.Label.Text = c.title, "step"
		style(p)
		some := false
		for i, log := range d.Train {
			points := thin(log.series(c.value), 2000)
			if len(points) == 0 {
				continue
			}
			some = true
			xys := make(plotter.XYs, len(points))
			for j, pt := range points {
				xys[j] = plotter.XY{X: pt.x, Y: pt.y}
			}
			if err := addCurve(p, log.Name, xys, i, c.marks); err != nil {
				return fmt.Errorf("%s of %s: %w", c.title, log.Name, err)
			}
		}
		if some {
			panels = append(panels, panel{p, 3 * vg.Inch})
		}
	}
	height := vg.Length(0)
	for _, p := range panels {
		height += p.height
	}
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(144), vgimg.UseBackgroundColor(color.White))
	top := height
	for _, p := range panels {
		top -= p.height
		area := draw.Crop(draw.New(canvas), 0.2*vg.Inch, -0.25*vg.Inch, top+0.1*vg.Inch, top+p.height-height-0.1*vg.Inch)
		p.plot.Draw(area)
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

func addCurve(p *plot.Plot, name string, xys plotter.XYs, run int, marks bool) error {
	if marks || len(xys) == 1 {
		s, err := plotter.NewScatter(xys)
		if err != nil {
			return err
		}
		s.Color, s.Shape, s.Radius = runColour(run), draw.CircleGlyph{}, vg.Points(3)
		p.Add(s)
		p.Legend.Add(name, s)
		return nil
	}
	l, err := plotter.NewLine(xys)
	if err != nil {
		return err
	}
	l.Color, l.Width = runColour(run), vg.Points(1.4)
	p.Add(l)
	p.Legend.Add(name, l)
	return nil
}

// sharePlot draws every metric as lying bars, one for each run, the first metric at the top.
func (d *Document) sharePlot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = d.Title, "percent, with intervals"
	style(p)
	var titles []string
	for _, s := range sections {
		for _, m := range s.metrics {
			titles = append(titles, m.title)
		}
	}
	barWidth := vg.Points(9)
	for i, e := range d.Evals {
		values := make(plotter.Values, len(titles))
		ranges := errorPoints{}
		at := 0
		offset := (float64(len(d.Evals)-1)/2 - float64(i)) * float64(barWidth+vg.Points(1))
		for _, s := range sections {
			for _, m := range s.metrics {
				share := e.Metric(m.name)
				row := len(titles) - 1 - at
				values[row] = 100 * share.Share
				ranges.add(100*share.Share, float64(row), 100*(share.Share-share.Low), 100*(share.High-share.Share))
				at++
			}
		}
		bars, err := plotter.NewBarChart(values, barWidth)
		if err != nil {
			return nil, err
		}
		bars.Horizontal, bars.Color, bars.LineStyle.Width, bars.Offset = true, runColour(i), 0, vg.Length(offset)
		whiskers := &shiftedWhiskers{points: ranges, offset: vg.Length(offset)}
		p.Add(bars, whiskers)
		p.Legend.Add(e.Name, bars)
	}
	for i, j := 0, len(titles)-1; i < j; i, j = i+1, j-1 {
		titles[i], titles[j] = titles[j], titles[i]
	}
	p.NominalY(titles...)
	p.X.Min, p.X.Max = 0, 100
	p.Y.Min, p.Y.Max = -0.7, float64(len(titles))+0.2
	return p, nil
}

// errorPoints are the ends of intervals around points.
type errorPoints struct{ x, y, low, high []float64 }

func (e *errorPoints) add(x, y, low, high float64) {
	e.x, e.y, e.low, e.high = append(e.x, x), append(e.y, y), append(e.low, low), append(e.high, high)
}

// shiftedWhiskers draws intervals that lie as far from their row as the bars of their run do.
type shiftedWhiskers struct {
	points errorPoints
	offset vg.Length
}

// Plot implements plot.Plotter.
func (s *shiftedWhiskers) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := draw.LineStyle{Color: color.RGBA{0x14, 0x16, 0x1a, 0xff}, Width: vg.Points(1.2)}
	for i := range s.points.x {
		at := y(s.points.y[i]) + s.offset
		c.StrokeLine2(line, x(s.points.x[i]-s.points.low[i]), at, x(s.points.x[i]+s.points.high[i]), at)
	}
}

func style(p *plot.Plot) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, f := range []struct {
		to   *font.Font
		size vg.Length
	}{
		{&p.Title.TextStyle.Font, 13}, {&p.X.Label.TextStyle.Font, 10}, {&p.Y.Label.TextStyle.Font, 10},
		{&p.X.Tick.Label.Font, 9}, {&p.Y.Tick.Label.Font, 10}, {&p.Legend.TextStyle.Font, 10},
	} {
		*f.to = sans
		f.to.Size = f.size
	}
	p.Title.Padding = vg.Points(8)
	p.Legend.Top, p.Legend.YOffs = true, vg.Points(24)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xdd}, color.Gray{0xee}
	p.Add(grid)
	p.Legend.Padding = vg.Points(3)
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, roundTicks{}
}

// roundTicks puts ticks where the page puts them.
type roundTicks struct{}

// Ticks implements plot.Ticker.
func (roundTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	if hi <= lo {
		return nil
	}
	for _, t := range niceTicks(lo, hi, 6) {
		if t >= lo && t <= hi {
			ticks = append(ticks, plot.Tick{Value: t, Label: tickText(t)})
		}
	}
	return ticks
}
