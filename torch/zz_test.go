package torch_test
import ("testing";"fmt";"github.com/ajolote-ai/ajolote/torch")
func TestZZ(t *testing.T) {
	s := torch.NewScope("z"); defer s.Close()
	g := torch.NewGenerator(1)
	q, k, v := large(s,g,8,4,16), large(s,g,8,2,16), large(s,g,8,2,16)
	h := func(x *torch.Tensor) *torch.Tensor { return x.Slice(-1,0,16,2) }
	c := func(x *torch.Tensor) *torch.Tensor { return h(x).Contiguous() }
	pk, pv := large(s,g,4,2,16), large(s,g,4,2,16)
	run := func(name string, q,k,v,pk,pv *torch.Tensor) {
		a := torch.SegmentAttention{Bounds: []int{0,3,8}, Causal: true, PrefixK: pk, PrefixV: pv}
		torch.SetKernelLevel("")
		x := a.Apply(q,k,v)
		torch.SetKernelLevel("composite")
		y := a.Apply(q,k,v)
		fmt.Println(name, x.Sub(y).Abs().Amax().Item())
	}
	run("views", h(q),h(k),h(v),nil,nil)
	run("viewsp", h(q),h(k),h(v),h(pk),h(pv))
	run("contig", c(q),c(k),c(v),nil,nil)
	run("contigp", c(q),c(k),c(v),c(pk),c(pv))
	run("qview", h(q),c(k),c(v),nil,nil)
	run("kview", c(q),h(k),c(v),nil,nil)
	run("vview", c(q),c(k),h(v),nil,nil)
	run("pkview", c(q),c(k),c(v),h(pk),c(pv)); run("pvview", c(q),c(k),c(v),c(pk),h(pv)); run("qonly", h(q),c(k),c(v),c(pk),c(pv)); run("full", q,k,v,pk,pv)
}
