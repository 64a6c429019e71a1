package runtime

// The phases of a session. Each answers one question, and code that decides by a phase uses a
// switch.

// An origin says where the session comes from.
type origin uint8

const (
	unopened  origin = iota // not used yet
	fresh                   // no cookie opened; the session begins in this request
	announced               // fresh, and EventCreated was reported
	returning               // opened from the browser's cookie

	// The session that the request was meant for is gone, and this one is new.
	moved // it has just moved to another id; a change is kept only after a log-out or log-in
	lost  // another request ended it since it was opened; no change is kept
)

func (o origin) isNew() bool { return o != returning }

// Edits say whether this request changed the session, and whether the changes are saved.
type edits uint8

const (
	unchanged edits = iota
	imported        // imported from another library or bound to a device, and not changed since
	unsaved         // changed since the last save
	saved           // changed, and all changes are saved
)

// A holding says what the browser has of the session.
type holding uint8

const (
	holdsNothing   holding = iota
	holdsCookie            // a cookie of the session's name, valid or not, or one that this response sets
	holdsPermanent         // a cookie that outlives the browser
)

// A binding says how far a session is bound to the visitor's device. Without Config.DeviceBound, it
// is bindingNone.
type binding uint8

const (
	bindingNone   binding = iota // not bound
	bindingDue                   // not bound; the next page may offer it
	bindingLogIn                 // not bound; this response may offer it, whatever it is
	bindingBegun                 // the binding begins with this request
	bindingProven                // bound, with a fresh proof
	bindingRetake                // bound, with a fresh proof, but a new one is required
	bindingEnded                 // the binding ends with this request
	bindingLost                  // bound, but the browser does not know it: see isForgotten
)

// News is what the next save reports about the session.
type news uint8

const (
	noNews news = iota
	renewal
	destruction // also if the session was renewed before
	departure   // the session ends, and another one with the visitor's fields follows
)

// An answer is the progress of the request's response.
type answer uint8

const (
	answerAhead     answer = iota // Handler saves the session when the response begins
	answerBegun                   // the response has begun; changes come too late
	answerAbandoned               // the handler has panicked or its context has ended; the browser must not learn of a new session

	// For a session that the program saves itself, by Save or Seal.
	answerByHand // not saved yet
	answerSealed // saved; changes come too late unless it is saved again
)

func (a answer) isLate() bool { return a == answerBegun || a == answerAbandoned || a == answerSealed }
