package jinja

// strftime_now: Python's datetime.now().strftime in the C locale.

import (
	"fmt"
	"strings"
	"time"
)

// strftime writes a time by the directives of C. "%-d" is without the zero.
func strftime(now time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		noPad := format[i] == '-' && i+1 < len(format)
		if noPad {
			i++
		}
		piece := directive(now, format[i])
		if noPad {
			if piece = strings.TrimLeft(piece, "0 "); piece == "" {
				piece = "0"
			}
		}
		b.WriteString(piece)
	}
	return b.String()
}

func directive(now time.Time, c byte) string {
	year, week := now.ISOWeek()
	switch c {
	case 'a':
		return now.Format("Mon")
	case 'A':
		return now.Format("Monday")
	case 'b', 'h':
		return now.Format("Jan")
	case 'B':
		return now.Format("January")
	case 'c':
		return now.Format("Mon Jan _2 15:04:05 2006")
	case 'C':
		return fmt.Sprintf("%02d", now.Year()/100)
	case 'd':
		return now.Format("02")
	case 'D', 'x':
		return now.Format("01/02/06")
	case 'e':
		return now.Format("_2")
	case 'f':
		return fmt.Sprintf("%06d", now.Nanosecond()/1000)
	case 'F':
		return now.Format("2006-01-02")
	case 'G':
		return fmt.Sprint(year)
	case 'H':
		return now.Format("15")
	case 'I':
		return now.Format("03")
	case 'j':
		return fmt.Sprintf("%03d", now.YearDay())
	case 'k':
		return fmt.Sprintf("%2d", now.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (now.Hour()+11)%12+1)
	case 'm':
		return now.Format("01")
	case 'M':
		return now.Format("04")
	case 'n':
		return "\n"
	case 'p':
		return now.Format("PM")
	case 'r':
		return now.Format("03:04:05 PM")
	case 'R':
		return now.Format("15:04")
	case 's':
		return fmt.Sprint(now.Unix())
	case 'S':
		return now.Format("05")
	case 't':
		return "\t"
	case 'T', 'X':
		return now.Format("15:04:05")
	case 'u':
		return fmt.Sprint((int(now.Weekday())+6)%7 + 1)
	case 'U':
		return fmt.Sprintf("%02d", (now.YearDay()+6-int(now.Weekday()))/7)
	case 'V':
		return fmt.Sprintf("%02d", week)
	case 'w':
		return fmt.Sprint(int(now.Weekday()))
	case 'W':
		return fmt.Sprintf("%02d", (now.YearDay()+6-(int(now.Weekday())+6)%7)/7)
	case 'y':
		return now.Format("06")
	case 'Y':
		return fmt.Sprint(now.Year())
	case 'z', 'Z':
		return "" // datetime.now() knows no time zone
	case '%':
		return "%"
	}
	panic(failf("strftime_now: the directive %%%c is not supported", c))
}
