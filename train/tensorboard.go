package train

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// eventFile is a TensorBoard event file: records of a length, its checksum, an Event message of protocol buffers, and its
// checksum. Source: tensorflow/core/lib/io/record_writer.h and tensorboard/compat/proto/event.proto.
type eventFile struct{ file *os.File }

// newEventFile begins a file in dir. TensorBoard takes all files of a folder as one run; the session that begins after done
// steps makes it forget what an interrupted one wrote for later steps.
func newEventFile(dir string, done int) (*eventFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now()
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%d", now.Unix(), host, os.Getpid(), now.Nanosecond())))
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	e := &eventFile{f}
	records := eventRecord(appendText(eventTime(now), 3, "brain.Event:2"))
	if done > 0 {
		start := appendBytes(appendVarint(eventTime(now), 2, uint64(done+1)), 7, appendVarint(nil, 1, 1)) // SessionLog{status: START}
		records = append(records, eventRecord(start)...)
	}
	if _, err := f.Write(records); err != nil {
		f.Close()
		return nil, fmt.Errorf("train: %w", err)
	}
	return e, nil
}

// scalars writes values of a step. A failure is told; it does not end a run.
func (l *loop) scalars(step int, values map[string]float64) {
	if l.board == nil {
		return
	}
	var records []byte
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		if !isBad(values[tag]) {
			records = append(records, scalarRecord(time.Now(), step, tag, values[tag])...)
		}
	}
	if _, err := l.board.file.Write(records); err != nil {
		l.warn(fmt.Sprintf("train: writing TensorBoard's events: %v; no more are written", err))
		_ = l.board.close()
		l.board = nil
	}
}

func (e *eventFile) close() error {
	if e == nil {
		return nil
	}
	return e.file.Close()
}

// scalarRecord is the record of Event{wall_time, step, summary: {value: {tag, simple_value}}}.
func scalarRecord(at time.Time, step int, tag string, value float64) []byte {
	v := appendText(nil, 1, tag)
	v = binary.LittleEndian.AppendUint32(append(v, 2<<3|5), math.Float32bits(float32(value)))
	event := eventTime(at)
	if step != 0 { // protocol buffers leave zeros out
		event = appendVarint(event, 2, uint64(step))
	}
	return eventRecord(appendBytes(event, 5, appendBytes(nil, 1, v)))
}

func eventTime(at time.Time) []byte {
	return binary.LittleEndian.AppendUint64([]byte{1<<3 | 1}, math.Float64bits(float64(at.UnixNano())/1e9))
}

func appendVarint(b []byte, field int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3)), v)
}

func appendBytes(b []byte, field int, data []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3|2)), uint64(len(data))), data...)
}

func appendText(b []byte, field int, text string) []byte { return appendBytes(b, field, []byte(text)) }

func eventRecord(event []byte) []byte {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	record := binary.LittleEndian.AppendUint32(head, maskedCRC(head))
	return binary.LittleEndian.AppendUint32(append(record, event...), maskedCRC(event))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is CRC-32C, turned and moved so that checksums of data with checksums in it are no special case.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
