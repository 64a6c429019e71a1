package migrate

import (
	"fmt"
	"go/constant"
	"go/types"
	"strings"
	"time"
)

// legacyPath is the package that reads other libraries' sessions.
const legacyPath = runtimePath + "/legacy"

// oldOnes keeps the sessions of visitors alive, if the user asked for that.
func (rec *recipe) oldOnes() {
	switch {
	case rec.m.at.in.tests:
	case rec.m.of.keeping == inStoreOfSCS && rec.given["Store"].expr != nil && !rec.isMemory(rec.given["Store"]):
		if !rec.r.until.IsZero() {
			rec.scs()
			break
		}
		rec.ask()
	case rec.m.of.keeping == inStoreOfSCS, rec.m.of.keeping == inMemory:
		rec.endsWith("they are in the program's memory")
	case rec.serializer() == anySerializer:
		rec.endsWith("the program's own serializer wrote them")
	case rec.random():
		rec.endsWith("their keys were made when the program started")
	case rec.r.until.IsZero():
		rec.ask()
	default:
		rec.gorilla()
	}
}

// ask notes that old sessions could be kept.
func (rec *recipe) ask() {
	rec.notes = append(rec.notes, "the sessions of visitors end with the change: -legacy DATE keeps them until then")
}

// scs writes a source for scs records.
func (rec *recipe) scs() {
	rec.begin("SCS")
	rec.addOld("Store", rec.text("backend", rec.given["Store"]))
	if v := rec.given["HashTokenInStore"]; v.expr != nil && !isFalse(v) {
		rec.addOld("HashTokenInStore", rec.text("hashed", v))
	}
	rec.until()
}

// begin begins the literal of a source.
func (rec *recipe) begin(kind string) {
	rec.imports[legacyPath], rec.imports["time"] = "", ""
	rec.legacyKind = kind
	for _, name := range []string{"Path", "Domain", "Partitioned"} {
		if v := rec.given[name]; v.expr != nil && !asItIsAnyway(name, v.constant()) {
			rec.addOld(name, rec.text(lower(name), v))
		}
	}
}

// until ends the literal of a source, and notes which values are not found.
func (rec *recipe) until() {
	for _, t := range rec.m.serve {
		for _, d := range t.fields {
			if t.keys[d] != d.key.name || types.Universe.Lookup(d.key.typ) != nil {
				rec.notes = append(rec.notes, fmt.Sprintf("what visitors have under %q is lost: the field's key is the text %q", d.key, t.keys[d]))
			}
		}
	}
	y, m, d := rec.r.until.Date()
	rec.addOld("Until", fmt.Sprintf("time.Date(%d, time.%s, %d, 0, 0, 0, 0, time.UTC)", y, m, d))
}

// endsWith notes that old sessions cannot be read.
func (rec *recipe) endsWith(why string) {
	if !rec.r.until.IsZero() {
		rec.notes = append(rec.notes, "the sessions of visitors end with the change: "+why)
	}
}

func (rec *recipe) random() bool {
	secrets, _ := rec.secrets()
	for _, s := range secrets {
		if rec.isRandom(s) {
			return true
		}
	}
	return false
}

// gorilla writes a source for gorilla sessions, which gin-contrib/sessions and echo-contrib/session also use.
func (rec *recipe) gorilla() {
	rec.begin("Gorilla")
	if rec.m.secrets() >= 0 {
		rec.addOld("Keys", rec.oldKeys())
	}
	if text := rec.codecAge(); text != "" {
		rec.addOld("MaxAge", text)
	}
	rec.records()
	if rec.r.lasting {
		rec.notes = append(rec.notes, "an old session does not say whether its cookie outlives the browser: the new cookie does as Config.Permanent says")
	}
	rec.until()
}

func (rec *recipe) addOld(field, text string) { rec.legacy = append(rec.legacy, element{field, text}) }

// records says where the old sessions are, if they are not in cookies.
func (rec *recipe) records() {
	switch {
	case !rec.m.known:
		rec.addOld("Records", "records")
	case rec.m.of.keeping == inFiles:
		dir := value{rec.m.call.Args[0], rec.m.at.in, whole}
		if c := dir.constant(); c != nil && constant.StringVal(c) == "" {
			rec.addOld("Dir", "os.TempDir()")
		} else {
			rec.addOld("Dir", rec.text("dir", dir))
		}
	case rec.m.of.keeping == inPostgres:
		rec.addOld("Records", "sqlstore.OldRecords{"+rec.lines([]element{
			{"DB", rec.text("db", value{rec.m.call.Args[rec.m.of.conn], rec.m.at.in, whole})},
			{"Select", `"SELECT data FROM http_sessions WHERE key = $1"`},
			{"Remove", `"DELETE FROM http_sessions WHERE key = $1"`},
		})+"}")
	case rec.m.of.keeping == inRedis, rec.m.of.keeping == inRedisByPool:
		rec.addOld("Records", "redisstore.OldRecords{Client: client, Prefix: "+rec.oldPrefix()+"}")
		rec.addOld("Plain", "true")
		if rec.serializer() == jsonSerializer {
			rec.addOld("JSON", "true")
		}
	}
}

// oldKeys lists all keys that the old store was made with.
func (rec *recipe) oldKeys() string {
	args := rec.m.call.Args[rec.m.secrets():]
	var texts []string
	for i, arg := range args {
		name := numbered("secret", i/2)
		if i%2 == 1 {
			name = numbered("blockKey", i/2)
		}
		texts = append(texts, rec.text(name, value{arg, rec.m.at.in, whole}))
	}
	if rec.m.call.Ellipsis.IsValid() {
		return texts[0]
	}
	return "[][]byte{" + strings.Join(texts, ", ") + "}"
}

// codecAge is how long the old library accepted a cookie, "" for its default; there, 0 meant no limit. The store in
// PostgreSQL accepts a cookie for as long as the browser keeps it.
func (rec *recipe) codecAge() string {
	v := rec.given["CodecAge"]
	if rec.m.of.keeping == inPostgres {
		if v = rec.given["MaxAge"]; v.expr == nil && rec.reset {
			return "-1"
		}
	}
	if v.expr == nil {
		return ""
	}
	c := v.constant()
	if c == nil {
		return "time.Duration(" + rec.text("maxAge", v) + ") * time.Second"
	}
	seconds, _ := constant.Int64Val(constant.ToInt(c))
	if seconds <= 0 {
		return "-1"
	}
	return rec.duration(time.Duration(seconds) * time.Second)
}

// legacySources is the literal for a manager's Config.Legacy. It is one line if indent is "".
func (rec *recipe) legacySources(name, indent string) string {
	var elements []string
	if name != "" {
		elements = append(elements, "Name: "+name)
	}
	for _, e := range rec.legacy {
		elements = append(elements, e.field+": "+e.text)
	}
	text := strings.Join(elements, ", ")
	if indent != "" {
		text = "\n" + indent + "\t" + strings.Join(elements, ",\n"+indent+"\t") + ",\n" + indent
	}
	return "[]runtime.LegacySource{legacy." + rec.legacyKind + "{" + text + "}}"
}
