package progress

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// state is what there is to show of a task. Its methods make the texts; they draw nothing.
type state struct {
	name  string
	unit  Unit
	total int64 // 0 when unknown
	done  int64
	from  int64 // units done before begun
	note  string
	begun time.Time
	ended time.Time
	end   end
}

type end int

const (
	running end = iota
	finished
	stopped
)

// row is one row of at most width columns:
//
//	train       42% [=========>             ] 126/300 steps  loss 0.812  3m41s left
//
// The bar takes what room there is; where there is little, first the bar goes, then the end of the note.
func (s state) row(width int, now time.Time) string {
	const shortestBar, longestBar = 6, 40
	left := padRight(s.name, 10)
	if s.total > 0 {
		left += fmt.Sprintf(" %3d%%", s.percent())
	}
	right := s.count()
	clock := s.clock(now)
	rest := func(note string) string {
		parts := []string{right}
		for _, p := range []string{note, clock} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		return strings.Join(parts, "  ")
	}
	if free := width - runes(left) - runes(rest(s.note)) - len(" [] "); s.total > 0 && free >= shortestBar {
		return left + " [" + s.bar(min(free, longestBar)) + "] " + rest(s.note)
	}
	if over := runes(left) + 1 + runes(rest(s.note)) - width; over > 0 && s.note != "" {
		return cut(left+" "+rest(cut(s.note, runes(s.note)-over)), width)
	}
	return cut(left+" "+rest(s.note), width)
}

// line is a row for a log: "train: 126/300 steps (42%), loss 0.812, 3m41s left".
func (s state) line(now time.Time) string {
	text := s.name + ": " + s.count()
	if s.total > 0 {
		text += fmt.Sprintf(" (%d%%)", s.percent())
	}
	for _, part := range []string{s.note, s.clock(now)} {
		if part != "" {
			text += ", " + part
		}
	}
	return text
}

func (s state) percent() int64 { return int64(100 * s.share()) }

// share is the done part of the whole, from 0 to 1.
func (s state) share() float64 {
	if s.total <= 0 {
		return 0
	}
	return min(1, max(0, float64(s.done)/float64(s.total)))
}

func (s state) lastTenth() int64 { return int64(10 * s.share()) }

func (s state) bar(width int) string {
	full := int(s.share() * float64(width))
	bar := strings.Repeat("=", full)
	if full < width {
		bar += ">"
	}
	return padRight(bar, width)
}

// count is how far the task is, in its unit: 126/300 steps, 1.2/4.5 GB.
func (s state) count() string {
	if s.unit == Bytes {
		if s.total == 0 {
			return bytesText(s.done)
		}
		return bytesText(s.done) + " of " + bytesText(s.total)
	}
	text := grouped(s.done)
	if s.total > 0 {
		text += "/" + grouped(s.total)
	}
	return strings.TrimSpace(text + " " + string(s.unit))
}

// clock is the time left while the task runs, the speed of a task of bytes, and the time taken when it is over.
func (s state) clock(now time.Time) string {
	switch s.end {
	case finished:
		return "in " + duration(s.ended.Sub(s.begun))
	case stopped:
		return "stopped after " + duration(s.ended.Sub(s.begun))
	}
	passed := now.Sub(s.begun)
	moved := s.done - s.from
	if moved <= 0 || passed <= 0 {
		return ""
	}
	speed := float64(moved) / passed.Seconds()
	var parts []string
	if s.unit == Bytes {
		parts = append(parts, bytesText(int64(speed))+"/s")
	}
	if s.total > s.done {
		parts = append(parts, duration(time.Duration(float64(s.total-s.done)/speed*float64(time.Second)))+" left")
	}
	return strings.Join(parts, "  ")
}

// Unit is what a task counts.
type Unit string

// Bytes counts bytes, which are shown as kB, MB, GB (powers of 1,000) with their speed.
const Bytes Unit = "bytes"

// Count counts things by their plural: steps, files, queries.
func Count(things string) Unit { return Unit(things) }

// bytesText writes a size with three digits: 812 B, 4.53 MB, 530 MB.
func bytesText(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		x /= 1000
		if x < 999.5 || unit == "TB" {
			switch {
			case x < 9.995:
				return fmt.Sprintf("%.2f %s", x, unit)
			case x < 99.95:
				return fmt.Sprintf("%.1f %s", x, unit)
			}
			return fmt.Sprintf("%.0f %s", x, unit)
		}
	}
	panic("unreachable")
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// duration writes a time with its two largest units: 45s, 3m41s, 2h05m, 3d04h.
func duration(d time.Duration) string {
	seconds := int64(math.Round(d.Seconds()))
	switch {
	case seconds < 0 || seconds > 1e9:
		return "long"
	case seconds == 0 && d > 0:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
	case seconds < 24*3600:
		return fmt.Sprintf("%dh%02dm", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", seconds/86400, seconds%86400/3600)
}

func runes(s string) int { return utf8.RuneCountInString(s) }

func padRight(s string, width int) string { return s + strings.Repeat(" ", max(0, width-runes(s))) }

// cut shortens a text to width columns; a cut one ends in an ellipsis.
func cut(s string, width int) string {
	if runes(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	return string([]rune(s)[:width-1]) + "…"
}
