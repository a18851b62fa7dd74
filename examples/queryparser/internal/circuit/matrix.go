package circuit

import "math"

// Matrix is [Rows, Columns], row by row.
type Matrix struct {
	Rows, Columns int
	Data          []float64
}

func newMatrix(rows, columns int) Matrix {
	return Matrix{rows, columns, make([]float64, rows*columns)}
}

func filled(rows, columns int, x float64) Matrix {
	m := newMatrix(rows, columns)
	for i := range m.Data {
		m.Data[i] = x
	}
	return m
}

// Row is the i-th row; it shares memory with the matrix.
func (m Matrix) Row(i int) []float64 { return m.Data[i*m.Columns : (i+1)*m.Columns] }

// rows are the rows from up to to; they share memory with the matrix.
func (m Matrix) rows(from, to int) Matrix {
	return Matrix{to - from, m.Columns, m.Data[from*m.Columns : to*m.Columns]}
}

func (m Matrix) setColumn(j int, factor float64, x []float64) {
	for i, v := range x {
		m.Data[i*m.Columns+j] = factor * v
	}
}

func (b *builder) gaussian(rows, columns int, deviation float64) Matrix {
	m := newMatrix(rows, columns)
	for i := range m.Data {
		m.Data[i] = deviation * b.r.NormFloat64()
	}
	return m
}

// orthonormal has random rows of length one at right angles: Gram and Schmidt,
// twice for accuracy.
func (b *builder) orthonormal(rows, columns int) Matrix {
	m := b.gaussian(rows, columns, 1)
	for i := range rows {
		for range 2 {
			for j := range i {
				axpy(m.Row(i), -dot(m.Row(i), m.Row(j)), m.Row(j))
			}
		}
		set(m.Row(i), 1/norm(m.Row(i)), m.Row(i))
	}
	return m
}

func dot(x, y []float64) float64 {
	sum := 0.
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

// set makes y the multiple of x, axpy adds it.
func set(y []float64, factor float64, x []float64) {
	for i, v := range x {
		y[i] = factor * v
	}
}

func axpy(y []float64, factor float64, x []float64) {
	for i, v := range x {
		y[i] += factor * v
	}
}
