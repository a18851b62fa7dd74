package main

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRoundTakesTheNearestAndTiesToEven(t *testing.T) {
	for _, c := range []struct {
		in   uint32
		want uint16
	}{
		{math.Float32bits(1), 0x3f80},
		{0x3f807fff, 0x3f80},
		{0x3f808001, 0x3f81},
		{0x3f808000, 0x3f80}, // half-way, to the even one
		{0x3f818000, 0x3f82},
		{0xbf808001, 0xbf81},
		{0x7f7fffff, 0x7f80}, // past the largest
	} {
		assert.Equal(t, binary.LittleEndian.AppendUint16(nil, c.want), round(binary.LittleEndian.AppendUint32(nil, c.in)), "%x", c.in)
	}
}
