package bench

import (
	"context"
	"time"

	"github.com/ajolote-ai/ajolote/sbert"
)

// EncodeResult is how many texts a second become vectors.
type EncodeResult struct {
	Dimensions int     `json:"dim"`
	DType      string  `json:"dtype"` // in which the encoder computes
	PeakGiB    float64 `json:"peak_gib"`
	TextsPerS  float64 `json:"texts_per_s"`
	Workload   string  `json:"workload"` // "encode"
}

// Encode turns texts into normalised vectors, batch texts of ordinary length at once, after one batch that does not count.
func Encode(ctx context.Context, m *sbert.Model, texts []string, batch int) (EncodeResult, error) {
	r := EncodeResult{Workload: "encode", DType: m.Encoder.Compute.String()}
	o := sbert.EncodeOptions{BatchSize: batch, Normalize: true}
	if _, err := m.Encode(ctx, texts[:min(batch, len(texts))], o); err != nil {
		return r, err
	}
	started := time.Now()
	v, err := m.Encode(ctx, texts, o)
	if err != nil {
		return r, err
	}
	r.TextsPerS, r.Dimensions = float64(len(texts))/time.Since(started).Seconds(), v.Dimensions
	r.PeakGiB, err = peakGiB()
	return r, err
}
