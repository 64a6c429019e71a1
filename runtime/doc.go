// Package runtime loads and saves the typed sessions that the sessiongen command generates code
// for.
//
// A session holds what a site remembers about a visitor from one request to the next. By default
// it travels in an encrypted cookie; with one line of configuration it lives in a store on the
// server. It is opened when a handler first uses it, and a field is decoded when it is read. A
// request that does not use its session costs next to nothing.
//
// # A first program
//
// A program lists the fields of its session in a struct, and runs go generate:
//
//	//go:generate go tool sessiongen
//
//	// session is what the site remembers about a visitor.
//	type session struct {
//		UserID   int64    `session:"user_id,principal"`
//		Username string   `session:"username,max=64"`
//		Roles    []string `session:"roles,max=16"`
//	}
//
// The generated file has the type Session, with accessors such as GetUsername and SetUsername, and
// the functions NewSessionManager and SessionFrom. The program makes a manager and wraps its own
// handler with it:
//
//	keys, err := runtime.ParseKeys(os.Getenv("SESSION_KEYS")) // from: go tool sessiongen key
//	...
//	sessions, err := NewSessionManager(runtime.Config{Keys: keys})
//	...
//	http.ListenAndServe(addr, sessions.Handler(mux))
//
// Its handlers take the session from the request's context:
//
//	func greet(w http.ResponseWriter, r *http.Request) {
//		sess := SessionFrom(r.Context())
//		fmt.Fprintf(w, "Hello %s", sess.GetUsername())
//	}
//
// The default cookie needs https; set [Config.Insecure] to develop over plain http. A handler must
// change the session before it writes the first byte of the response, because the cookie is sent
// then. A later change is not saved, and [Session.Err] returns [ErrTooLate].
//
// Import this package as runtime. In a package that imports Go's own runtime too, import this one
// as sessionruntime.
//
// # Logging in and out
//
// The field with the option principal says whom the session belongs to. Setting it to another
// value logs that user in: the session gets a new id, so that an id from before the log-in is
// worth nothing, and [Session.AuthenticatedAt] is now. [Session.Renew] also gives the session a
// new id; call it when a user's rights change.
//
// [Session.Destroy] logs the visitor out. RevokeByUserID, which the generated manager has for a principal
// UserID, logs a user out everywhere, and [Manager.RevokeID] ends one session; both need [Config.Store]
// or [Config.Revocations].
//
// # Where sessions live
//
// By default, sessions live in cookies and the server keeps nothing. A cookie is one token,
// encrypted and authenticated with XAES-256-GCM, and has at most 4096 bytes, its name included;
// [Config.MaxChunks] splits a larger session over up to four cookies. Such sessions have two
// limits. Whoever keeps a copy of a cookie can use it until it expires, even after a log-out. If
// two requests change a session at the same time, the browser keeps only what one of them sent.
//
// With [Config.Revocations], sessions live in cookies and a store lists those that have ended, so
// that a log-out is final. Each request that uses its session asks that store.
//
// With [Config.Store], sessions live on the server and a cookie holds only a sealed id. A session
// may take 1 MiB, changes by requests at the same time are merged, and a log-out is final.
// [NewMemoryStore] makes a store for one process. The packages sqlstore, redisstore and scsstore
// below this one have others, and storetest tests one of your own.
//
// The accessors are the same in all three.
//
// # Keys
//
// A [Keys] value is a ring of secret keys of 256 bits. The first one seals, all of them open.
// [ParseKeys] reads keys from a text, [ReadKeys] from a file; [EphemeralKeys] makes one for a
// first run.
//
// To rotate, add the new key at the end on every node, then move it to the front, and drop the old
// one when no session needs it any more. [Manager.SetKeys] changes the ring of a running program,
// [Manager.WatchKeys] does so when a file changes. A session that was sealed with an older key is
// sealed with the first one the next time it is used.
//
// # Lifetimes
//
// [Config.Lifetime], 31 days by default, counts from the last time that the session was saved.
// [Config.Sliding] counts it from the last use, for permanent sessions. [Config.IdleTimeout] ends
// a session that was not used for some time, and [Config.AbsoluteTimeout] ends it some time after
// it began; neither is set by default. The times are authenticated with the session: no browser
// can extend them.
//
// A cookie ends with the browser unless [Session.SetPermanent] makes the session permanent.
//
// # Events
//
// [Config.OnEvent] is told what happens to sessions: which were begun, renewed, refused or
// revoked, and what failed. An [Event] never holds a value, a key, a token or a session's id, so
// it may be logged. Without OnEvent, log/slog gets the events that call for a person.
//
// A cookie that is not accepted gives an empty session. The visitor is not told why; the event
// [EventRefused] has the reason. [Session.Err] returns the first error of a request, such as a
// value above the max of its field. Saving returns it too, and then [Config.ErrorHandler] answers
// the request.
//
// # Compatibility
//
// Browsers hold sessions of older builds. The comment at the top of the generated file lists what
// is stored under each key; the next run of sessiongen compares the schema with it, and refuses a
// change that could not read these sessions. At run time, a value that does not decode is absent,
// with the event [EventFieldDropped], and the other fields are kept. Keys that this build does not
// know are kept as they are, so that builds of different age can run side by side.
//
// [NewManager], [FromContext], [Field], [Flow], [AnyField], [Append], [TryAppend], [AddFlash], [TakeFlash],
// [ClearFlash], [Prove], [Within], [RevokeBy], [ListBy], [UpdateBy] and the constant [SupportsGenerated1]
// are for generated code alone. Generated code names the constant that it needs, so that it does
// not compile if the module in go.mod is too old for it.
//
// The format of the cookies is documented and frozen in the directory testdata/tokens of the
// module.
package runtime
