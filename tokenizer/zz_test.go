package tokenizer
import ("testing";"os";"bufio";"encoding/json")
func zzTexts(b testing.TB) []string { f,_:=os.Open("/tmp/q/prose.jsonl"); s:=bufio.NewScanner(f); s.Buffer(nil,1<<26); var o []string; for s.Scan(){var x string; json.Unmarshal(s.Bytes(),&x); o=append(o,x)}; return o}
func BenchmarkZZ(b *testing.B){ tok,err:=Load(os.Getenv("T")); if err!=nil{b.Fatal(err)}
 if m,ok:=tok.model.(*bpe);ok{ b.Logf("cuts %v spaces %v letters %v",m.cuts!=nil,m.spaces,m.letterBytes); if m.cuts!=nil{ n:=0; t:=[]byte(zzTexts(b)[3]); for s:=0;s<len(t);{e:=m.cuts.next(t,s);n++; if n<20 {b.Logf("%q",t[s:e])}; s=e}; }}
 xs:=zzTexts(b); n:=0; for _,x:=range xs{n+=len(x)}; b.SetBytes(int64(n)); b.ReportAllocs(); var ids []int32
 for b.Loop(){ for _,x:=range xs{ ids,_=tok.AppendIDs(ids[:0],x,EncodeOptions{})}}}
func BenchmarkZZFull(b *testing.B){ tok,err:=Load(os.Getenv("T")); if err!=nil{b.Fatal(err)}
 xs:=zzTexts(b); n:=0; for _,x:=range xs{n+=len(x)}; b.SetBytes(int64(n)); b.ReportAllocs()
 for b.Loop(){ for _,x:=range xs{ tok.Encode(x,EncodeOptions{})}}}
