package tokenizer
import ("testing";"os";"encoding/json";"bufio";"reflect")
func TestZZ(t *testing.T){
 tf,xf,gf:=os.Getenv("T"),os.Getenv("X"),os.Getenv("G"); if tf=="" {t.Skip()}
 tok,err:=Load(tf); if err!=nil{t.Fatal(err)}
 X,_:=os.Open(xf); G,_:=os.Open(gf); xs:=bufio.NewScanner(X); gs:=bufio.NewScanner(G); xs.Buffer(nil,1<<28); gs.Buffer(nil,1<<30)
 n,bad:=0,0
 for xs.Scan()&&gs.Scan(){ var s string; json.Unmarshal(xs.Bytes(),&s); var g []json.RawMessage; json.Unmarshal(gs.Bytes(),&g)
  e,err:=tok.Encode(s,EncodeOptions{}); if err!=nil{t.Errorf("%q %v",s,err);bad++;continue}
  ids:=[]int32{}; json.Unmarshal(g[0],&ids); var toks=[]string{}; json.Unmarshal(g[1],&toks); var off=[][2]int{}; json.Unmarshal(g[2],&off); var d1,d2 string; json.Unmarshal(g[4],&d1);json.Unmarshal(g[5],&d2)
  var words []*int32; json.Unmarshal(g[3],&words)
  n++
  fail:=func(k string,a,b any){ bad++; if bad<15 {t.Errorf("%s %q\n got %v\nwant %v",k,cutS(s),a,b)}}
  ids2,err:=tok.EncodeIDs(s,EncodeOptions{}); if err!=nil{t.Error(err)}
  switch { case !reflect.DeepEqual(append([]int32{},e.IDs...),ids): fail("ids",e.IDs,ids)
  case !reflect.DeepEqual(append([]int32{},ids2...),ids): fail("ids2",ids2,ids)
  case !reflect.DeepEqual(append([]string{},e.Tokens...),toks): fail("tokens",e.Tokens,toks)
  case !reflect.DeepEqual(append([][2]int{},e.Offsets...),off): fail("offsets",e.Offsets,off)
  case tok.Decode(ids,false)!=d1: fail("decode",tok.Decode(ids,false),d1)
  case tok.Decode(ids,true)!=d2: fail("decode skip",tok.Decode(ids,true),d2)
  }
  for i,w:=range words { v:=int32(-1); if w!=nil{v=*w}; if i<len(e.Words)&&e.Words[i]!=v {fail("words",e.Words,words);break}}
 }
 t.Logf("%d texts %d bad",n,bad)
}
func cutS(s string)string{ if len(s)>200{return s[:200]}; return s}
