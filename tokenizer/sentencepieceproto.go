package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// sentencePiece is what the conversion needs of a SentencePiece model file, which is the protobuf message ModelProto of
// sentencepiece_model.proto. The few fields are read by hand.
type sentencePiece struct {
	pieces       []sentencePieceEntry
	kind         int // kindUnigram or kindBPE
	unkID        int32
	unkPiece     string
	byteFallback bool
	charsmap     []byte
}

type sentencePieceEntry struct {
	text  string
	score float32
	kind  int
}

// The numbers of TrainerSpec.ModelType and SentencePiece.Type.
const (
	kindUnigram = 1
	kindBPE     = 2

	pieceNormal  = 1
	pieceControl = 3
	pieceUser    = 4
)

// field is one field of a protobuf message: a number for varints and fixed widths, bytes for the others.
type field struct {
	number int
	value  uint64
	bytes  []byte
}

var errProto = errors.New("is no SentencePiece model: the protobuf is broken")

// fields calls each for the fields of a message.
func fields(message []byte, each func(field) error) error {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return errProto
		}
		message = message[n:]
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case 0:
			if f.value, n = binary.Uvarint(message); n <= 0 {
				return errProto
			}
		case 1:
			if n = 8; len(message) < n {
				return errProto
			}
			f.value = binary.LittleEndian.Uint64(message)
		case 2:
			length, head := binary.Uvarint(message)
			if head <= 0 || length > uint64(len(message)-head) {
				return errProto
			}
			n = head + int(length)
			f.bytes = message[head:n]
		case 5:
			if n = 4; len(message) < n {
				return errProto
			}
			f.value = uint64(binary.LittleEndian.Uint32(message))
		default:
			return errProto
		}
		message = message[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// readSentencePiece reads a ModelProto.
func readSentencePiece(data []byte) (*sentencePiece, error) {
	spm := &sentencePiece{kind: kindUnigram, unkPiece: "<unk>"}
	err := fields(data, func(f field) error {
		switch f.number {
		case 1: // pieces
			piece := sentencePieceEntry{kind: pieceNormal}
			err := fields(f.bytes, func(f field) error {
				switch f.number {
				case 1:
					piece.text = string(f.bytes)
				case 2:
					piece.score = math.Float32frombits(uint32(f.value))
				case 3:
					piece.kind = int(f.value)
				}
				return nil
			})
			if !utf8.ValidString(piece.text) {
				return fmt.Errorf("piece %d is not UTF-8", len(spm.pieces))
			}
			spm.pieces = append(spm.pieces, piece)
			return err
		case 2: // trainer_spec
			return fields(f.bytes, func(f field) error {
				switch f.number {
				case 3:
					spm.kind = int(f.value)
				case 35:
					spm.byteFallback = f.value != 0
				case 40:
					spm.unkID = int32(f.value)
				case 45:
					spm.unkPiece = string(f.bytes)
				}
				return nil
			})
		case 3: // normalizer_spec
			return fields(f.bytes, func(f field) error {
				if f.number == 2 {
					spm.charsmap = f.bytes
				}
				return nil
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(spm.pieces) == 0:
		return nil, errors.New("is no SentencePiece model: it has no pieces")
	case spm.kind != kindUnigram && spm.kind != kindBPE:
		return nil, fmt.Errorf("the model type %d is neither Unigram (1) nor BPE (2)", spm.kind)
	}
	return spm, nil
}
