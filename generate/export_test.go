package generate

// Hold stops the computing between two tokens, until release is called.
func (g *Generator) Hold() (release func()) {
	held, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		g.do(func() { close(held); <-end })
	}()
	<-held
	return func() { close(end); <-done }
}
