package gen

import (
	"strings"

	"github.com/sessiongen/sessiongen/schema"
)

// methodsDoc names the methods that the generated type gets from the runtime's Session: go doc does not list promoted
// methods. A test compares it with the runtime.
const methodsDoc = `It also has the methods of every session, those of [runtime.Session]:
  - Destroy logs the visitor out: it ends the session and deletes the cookie. LogOut does so too,
    but keeps the fields with the option visitor.
  - Clear removes every field.
  - Authenticate records a log-in, and Renew a change of rights; both give the session a new id.
  - SetPermanent makes the session outlive the browser; Permanent reports whether it does.
  - ID identifies the session; IsNew, CreatedAt, AuthenticatedAt and ExpiresAt tell its age.
  - DeviceBound reports whether it is bound to a device, and ProvenAt when its key was last proved
    (experimental).
  - Modified, Size and Err report whether it changed, how large it is, and what went wrong.`

// typeDoc is the schema's doc comment, with the generated type's name in place of the schema's.
func typeDoc(s *schema.Schema) string {
	const safe = "It is safe for concurrent use."
	doc := strings.TrimSpace(plain(s.Doc))
	article, rest := cutArticle(doc)
	after, named := strings.CutPrefix(rest, s.Name)
	switch {
	case doc == "":
		return wrap(s.TypeName+" gives typed access to a session with the fields of "+s.Name+".") + "\n" + safe
	case named && (after == "" || strings.ContainsAny(after[:1], " \n,.:;")):
		doc = article + s.TypeName + after
	default:
		doc = wrap(s.TypeName+" gives typed access to a session with the fields of "+s.Name+".") + "\n\n" + doc
	}
	if strings.Contains(doc, "\n\n") || strings.Contains(doc, "\n\t") || strings.Contains(doc, "\n ") {
		return doc + "\n\n" + safe
	}
	return doc + "\n" + safe
}

func cutArticle(doc string) (article, rest string) {
	for _, article := range []string{"A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(doc, article); ok {
			return article, rest
		}
	}
	return "", doc
}
