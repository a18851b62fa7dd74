package salamandra
import ("encoding/json";"os";"testing";"time";"fmt")
func TestZZ(t *testing.T){
 text,_:=os.ReadFile("/tmp/gm/rand.json")
 var cases []struct{Name string; Row json.RawMessage; Jinja, EOS string; Roles []string; Inputs bool; EOT []string; IDs, Labels []int32}
 if err:=json.Unmarshal(text,&cases);err!=nil{t.Fatal(err)}
 bad:=0
 for _,c:=range cases { for _, dflt := range []bool{false,true} {
  cfg:=DefaultConfig(); cfg.SequenceLen=4096; cfg.TrainOnInputs=c.Inputs; if !dflt {cfg.EOTTokens=c.EOT}
  d:=Dataset{Type:"chat_template",ChatTemplateJinja:c.Jinja,TrainOnEOS:c.EOS,RolesToTrain:c.Roles}
  s,err:=cfg.loadSpeech(smallTokenizer); if err!=nil{t.Fatal(err)}
  l,_,err:=s.newLabeller(cfg,&d,time.Time{}); if err!=nil{t.Fatal(err)}
  r,_:=parseRow(c.Row); e,err:=cfg.example(&d,r); if err!=nil{t.Fatal(err)}
  rows,err:=l.tokens(&e)
  if err!=nil{ bad++; if bad<12 {fmt.Println(c.Name,dflt,err, string(c.Row)[:min(300,len(c.Row))])}; continue}
  if fmt.Sprint(rows[0].IDs)!=fmt.Sprint(c.IDs)||fmt.Sprint(rows[0].Labels)!=fmt.Sprint(c.Labels){ bad++; if bad<12 { fmt.Println("DIFF",c.Name,dflt,c.EOS,c.Roles,c.Inputs,string(c.Row)); _ = ShowMasks(os.Stdout,s.tokenizer,rows,1); _ = ShowMasks(os.Stdout,s.tokenizer,[]Tokenized{{ID:"want",IDs:c.IDs,Labels:c.Labels}},1)} }
 }}
 fmt.Println("bad",bad,"of",2*len(cases))
}
