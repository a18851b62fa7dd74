package gguf

import (
	"encoding/binary"
	"errors"
	"math"
)

// addPieces takes the pieces of a SentencePiece model: the protobuf message ModelProto of sentencepiece_model.proto, of
// which only the field pieces is read (piece 1, score 2, type 3). Its types are numbered as llama.cpp's.
func (v *vocabulary) addPieces(model []byte) error {
	id := 0
	return fields(model, func(number int, _ uint64, message []byte) error {
		if number != 1 {
			return nil
		}
		token, score, kind := "", float32(0), int32(kindNormal)
		err := fields(message, func(number int, value uint64, bytes []byte) error {
			switch number {
			case 1:
				token = string(bytes)
			case 2:
				score = math.Float32frombits(uint32(value))
			case 3:
				kind = int32(value)
			}
			return nil
		})
		if err != nil {
			return err
		}
		id++
		return v.set(id-1, token, score, kind)
	})
}

var errProto = errors.New("tokenizer.model is no SentencePiece model: the protobuf is broken")

// fields calls each for the fields of a protobuf message.
func fields(message []byte, each func(number int, value uint64, bytes []byte) error) error {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 {
			return errProto
		}
		message = message[n:]
		var value uint64
		var content []byte
		switch key & 7 {
		case 0:
			if value, n = binary.Uvarint(message); n <= 0 {
				return errProto
			}
		case 1:
			n = 8
		case 2:
			length, head := binary.Uvarint(message)
			if head <= 0 || length > uint64(len(message)-head) {
				return errProto
			}
			n = head + int(length)
			content = message[head:n]
		case 5:
			if n = 4; len(message) >= n {
				value = uint64(binary.LittleEndian.Uint32(message))
			}
		default:
			return errProto
		}
		if len(message) < n {
			return errProto
		}
		message = message[n:]
		if err := each(int(key>>3), value, content); err != nil {
			return err
		}
	}
	return nil
}
