package runtime_test

import (
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
)

// newServer serves a handler over https, as the default cookie needs it.
func newServer(h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that Close cuts off
	server.StartTLS()
	return server
}

// exampleVisitor is the browser of one visitor of a server. It keeps the server's cookies.
type exampleVisitor struct {
	server *httptest.Server
	client http.Client
}

func newVisitor(server *httptest.Server) *exampleVisitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	return &exampleVisitor{server, http.Client{Transport: server.Client().Transport, Jar: jar}}
}

// get requests a page and returns its text.
func (b *exampleVisitor) get(path string) string { return b.text(b.client.Get(b.server.URL + path)) }

// post sends an empty form and returns the answer's text.
func (b *exampleVisitor) post(path string) string {
	return b.text(b.client.PostForm(b.server.URL+path, nil))
}

func (b *exampleVisitor) text(res *http.Response, err error) string {
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	return string(body)
}
