package runtime

// The phases of a session, each a question of its own. Where they decide, a switch names them
// all.

// An origin says where a session comes from.
type origin uint8

const (
	unopened  origin = iota // nobody has used it yet
	fresh                   // no cookie opened: it begins in this request
	announced               // the same, and EventCreated was reported
	returning               // it was opened from the browser's cookie

	// In these, the session is new to the request, which was meant for one that is there no more.
	moved // to another id, just now: only what begins another session is kept
	lost  // ended by others since it was opened: nothing that this request does is kept
)

func (o origin) isNew() bool { return o != returning }

// Edits say whether a session was changed in this request, and whether that is saved.
type edits uint8

const (
	unchanged edits = iota
	imported        // taken over from another library, or bound to a device, and nothing changed since
	unsaved         // something changed since it was last saved
	saved           // everything that changed is saved
)

// A holding is what the browser has of a session.
type holding uint8

const (
	holdsNothing   holding = iota
	holdsCookie            // a cookie of the session's name, whatever is in it, or is sent one
	holdsPermanent         // a cookie that it keeps when it ends
)

// A binding says how far a session is bound to the key of the visitor's device. All but bindingNone are
// for managers with Config.DeviceBound.
type binding uint8

const (
	bindingNone   binding = iota // there is none
	bindingDue                   // there is none, and the next page may offer one
	bindingLogIn                 // the same, and this response may, whatever it is
	bindingBegun                 // it begins with this request
	bindingProven                // the device has proved it lately
	bindingRetake                // the same, but is to prove it again
	bindingEnded                 // it ends with this request
	bindingLost                  // the browser does not know it any more: see isForgotten
)

// News is what the next save has to tell about a session.
type news uint8

const (
	noNews news = iota
	renewal
	destruction // also of what was renewed before
	departure   // the same, and another session follows with the visitor's fields
)

// An answer is how far the response of a session's request is.
type answer uint8

const (
	answerAhead     answer = iota // Handler saves the session once the response begins
	answerBegun                   // changes come too late
	answerAbandoned               // the handler has panicked, or its context has ended: the browser may hear of nothing

	// Of a session that the program saves itself, by Save or Seal.
	answerByHand // it has not yet
	answerSealed // it has: changes come too late, unless it is saved once more
)

func (a answer) isLate() bool { return a == answerBegun || a == answerAbandoned || a == answerSealed }
