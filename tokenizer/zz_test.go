package tokenizer
import ("testing";"time";"math/rand/v2";"strings";"os")
func TestZZ(t *testing.T){ if os.Getenv("Z")=="" {t.Skip()}
 g,_:=readGolden(); var seeds []string; for _,f:=range g.Files { if len(f)<6000 {seeds=append(seeds,f)} }
 r:=rand.New(rand.NewPCG(uint64(time.Now().UnixNano()),2)); end:=time.Now().Add(40*time.Second); n:=0
 for time.Now().Before(end) { s:=[]byte(seeds[r.IntN(len(seeds))]); for range 1+r.IntN(3) { i:=r.IntN(min(len(s),1500)); if r.IntN(2)==0 { i=max(0,len(s)-1-i)}
   switch r.IntN(5){case 0: s[i]=byte(r.IntN(256)); case 1: s=append(s[:i],s[i+1:]...); case 2: s=append(s[:i+1],s[i:]...); case 3: j:=r.IntN(len(s)); k:=min(len(s),j+r.IntN(30)); s=append(append(append([]byte{},s[:i]...),s[j:k]...),s[i:]...); case 4: s=append(append(append([]byte{},s[:i]...),[]byte{byte('0'+r.IntN(10)),byte('0'+r.IntN(10)),byte('0'+r.IntN(10))}...),s[i:]...)}}
  text:=[]string{"the é\n", strings.Repeat("a",500), strings.Repeat("the q ",80), "<s> hola 漢字 "+strings.Repeat(" ",100)}[r.IntN(4)]
  w:=time.Now(); tok,err:=FromJSON(s); d1:=time.Since(w); var d2 time.Duration
  if err==nil { w=time.Now(); e,err:=tok.Encode(text,EncodeOptions{}); if err==nil { tok.Decode(e.IDs,true); tok.EncodePair(text,text,EncodeOptions{})}; d2=time.Since(w)}
  n++; if d1+d2>700*time.Millisecond { t.Logf("%v %v %d %s",d1,d2,len(text),string(s[:min(len(s),700)])) } }
 t.Log(n)}
