package tokenizer
import ("testing";"syscall";"time";"os")
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano())}
func TestZZ(t *testing.T){ f:=os.Getenv("T"); if f=="" {t.Skip()}; for range 3 { c:=cpu(); w:=time.Now(); tok,err:=Load(f); if err!=nil{t.Fatal(err)}; t.Log(cpu()-c,time.Since(w),tok.VocabSize()) } }
