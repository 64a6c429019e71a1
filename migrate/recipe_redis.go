package migrate

import (
	"go/ast"
	"go/constant"
	"strconv"
	"strings"
)

const (
	redisStore = runtimePath + "/redisstore"
	goRedis    = "github.com/redis/go-redis/v9"

	redisByHand = "Store: redisstore.New(client, redisstore.Options{}), after client := redis.NewClient(&redis.Options{Addr: address}), with " +
		goRedis + " and " + redisStore
)

// redis writes a client for the Redis that the old store reached through another client.
func (rec *recipe) redis() *refusal {
	if rec.argument("address").expr == nil && rec.argument("url").expr == nil {
		return &refusal{"its sessions are in Redis, which the new manager reaches by another client", redisByHand}
	}
	var options []element
	for _, o := range []struct{ param, field, usual string }{
		{"network", "Network", `"tcp"`}, {"address", "Addr", ""}, {"username", "Username", `""`}, {"password", "Password", `""`},
	} {
		v := rec.argument(o.param)
		if c := v.constant(); v.expr != nil && (c == nil || c.ExactString() != o.usual) {
			options = append(options, element{o.field, rec.text(o.param, v)})
		}
	}
	if text := rec.database(); text != "" {
		options = append(options, element{"DB", text})
	}
	prefix := ""
	if v := rec.given["Prefix"]; v.expr != nil {
		prefix = "Prefix: " + rec.text("prefix", v)
	}
	rec.imports[redisStore] = ""
	name := rec.importRedis()
	if v := rec.argument("url"); v.expr != nil {
		rec.before = append(rec.before, "options, err := "+name+".ParseURL("+rec.text("url", v)+")")
		rec.client = "\toptions.ContextTimeoutEnabled = true\n\tclient := " + name + ".NewClient(options)\n"
	} else {
		rec.client = "\tclient := " + name + ".NewClient(&" + name + ".Options{" + rec.lines(append(options, element{"ContextTimeoutEnabled", "true"})) + "})\n"
	}
	if rec.report {
		rec.before = append(rec.before, strings.Split(strings.TrimSpace(rec.client), "\n\t")...)
	}
	rec.add("Store", "redisstore.New(client, redisstore.Options{"+prefix+"})")
	rec.notes = append(rec.notes, "the client is go-redis's: it connects with the first request, its pool has the size that is usual there, and Redis must be 6.2 or newer")
	return nil
}

// lines joins the elements of a literal, each on its own line unless they are for the report.
func (rec *recipe) lines(list []element) string {
	var texts []string
	for _, e := range list {
		texts = append(texts, e.field+": "+e.text)
	}
	if rec.report {
		return strings.Join(texts, ", ")
	}
	return "\n" + strings.Join(texts, ",\n") + ",\n"
}

// argument is the maker's argument for a parameter of this name in any case, without an expression if there is none.
func (rec *recipe) argument(param string) value {
	params := rec.m.fn.Signature().Params()
	for i := range params.Len() {
		if strings.EqualFold(params.At(i).Name(), param) && i < len(rec.m.call.Args) {
			return value{rec.m.call.Args[i], rec.m.at.in, whole}
		}
	}
	return value{}
}

// database is the number of the database, which the old store took as a string; "" for the default.
func (rec *recipe) database() string {
	v := rec.argument("db")
	if c := v.constant(); v.expr == nil || c != nil && (constant.StringVal(c) == "" || constant.StringVal(c) == "0") {
		return ""
	} else if c != nil {
		return constant.StringVal(c)
	}
	if call, ok := ast.Unparen(v.expr).(*ast.CallExpr); ok {
		if fn := callee(v.in, call); fn != nil && fn.FullName() == "strconv.Itoa" {
			return rec.text("database", value{call.Args[0], v.in, whole})
		}
	}
	rec.imports["strconv"] = ""
	rec.before = append(rec.before, "db, err := strconv.Atoi("+rec.text("database", v)+")")
	return "db"
}

// importRedis imports the client, under another name if the options name another package redis.
func (rec *recipe) importRedis() string {
	name := "redis"
	for path, as := range rec.imports {
		if pkg := rec.r.p.checked[path]; as == name || as == "" && pkg != nil && pkg.Name() == name {
			name = "goredis"
		}
	}
	rec.imports[goRedis] = ""
	if name != "redis" {
		rec.imports[goRedis] = name
	}
	return name
}

// oldPrefix returns the beginning of the names of the old records. The store without keys has a different one.
func (rec *recipe) oldPrefix() string {
	if v := rec.given["Prefix"]; v.expr != nil {
		return rec.text("prefix", v)
	}
	if rec.m.secrets() < 0 {
		return strconv.Quote("session:")
	}
	return strconv.Quote("session_")
}

// A serializer says how the records were encoded.
type serializer int

const (
	gobSerializer serializer = iota
	jsonSerializer
	anySerializer // of the program's own
)

func (rec *recipe) serializer() serializer {
	v := rec.given["Serializer"]
	if v.expr == nil {
		return gobSerializer
	}
	named := namedOf(v.in.info.TypeOf(v.expr))
	if named == nil || named.Obj().Pkg() == nil || !makesStores(named.Obj().Pkg().Path()) {
		return anySerializer
	}
	switch named.Obj().Name() {
	case "GobSerializer":
		return gobSerializer
	case "JSONSerializer":
		return jsonSerializer
	}
	return anySerializer
}
