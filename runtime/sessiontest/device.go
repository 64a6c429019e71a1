package sessiontest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"

	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
)

// A Device is what a browser adds to a client so that sessions can be bound to it: see Config.DeviceBound,
// which is experimental. It holds keys, registers them when a server offers that, and proves that it has them
// when the cookie of the proof is missing, before a request is sent, as Chromium does:
//
//	client := server.Client() // of httptest.NewTLSServer
//	device := sessiontest.NewDevice(client)
//	client.Post(server.URL+"/login", "", nil)
//	client.Get(server.URL + "/account") // registers first
//
// Who has stolen the cookies is a client without the device, with the same cookies in its jar. It may be used by
// several goroutines at once.
//
// A Device registers before the next request and not beside it, and signs as often as it is asked to.
type Device struct {
	client *http.Client
	inner  http.RoundTripper

	mu       sync.Mutex
	offers   []offer
	bindings []*binding
}

// offer is an answer that offered a binding.
type offer struct {
	from  *url.URL
	value string // of the header field
}

// NewDevice makes a client one of a browser with a device. It puts the device between the client and its Transport, and
// gives the client a cookie jar if it has none. That must be done before the client is used.
func NewDevice(client *http.Client) *Device {
	d := &Device{client: client, inner: cmp.Or(client.Transport, http.DefaultTransport)}
	if client.Jar == nil {
		client.Jar, _ = cookiejar.New(nil) // which has no error to return
	}
	client.Transport = d
	return d
}

// Bound reports whether the device has a binding with the site of an address. It registers first what was offered.
func (d *Device) Bound(address string) (bool, error) {
	u, err := url.Parse(address)
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.register(); err != nil {
		return false, err
	}
	return slices.ContainsFunc(d.bindings, func(b *binding) bool { return b.sameOrigin(u) }), nil
}

// Expire deletes the cookies that prove the device's keys, as their period ends: a Clock does not move the client's
// cookie jar. The next request to each site proves first.
func (d *Device) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.bindings {
		b.expire(d.client.Jar)
	}
}

// RoundTrip sends a request, once all is registered and proven that its site wants. It fails if the site's answers
// are such as Chromium would refuse.
func (d *Device) RoundTrip(r *http.Request) (*http.Response, error) {
	skipped, err := d.prepare(r.URL)
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	sent := r.Clone(r.Context())
	apply(sent, d.client.Jar.Cookies(r.URL))
	if skipped != "" {
		sent.Header.Set(dbsc.HeaderSkipped, skipped)
	}
	res, err := d.inner.RoundTrip(sent)
	if err == nil {
		d.note(r.URL, res)
	}
	return res, err
}

// prepare registers what was offered, and proves what the site of an address wants proven. Which proof could not be
// had is the value of HeaderSkipped.
func (d *Device) prepare(u *url.URL) (skipped string, err error) {
	d.mu.Lock() // so that requests wait for the one that proves
	defer d.mu.Unlock()
	if err := d.register(); err != nil {
		return "", err
	}
	for _, b := range slices.Clone(d.bindings) {
		if !b.isDue(d.client.Jar, u) {
			continue
		}
		switch ended, transient, err := d.refresh(b); {
		case err != nil:
			return "", err
		case ended:
			d.bindings = slices.DeleteFunc(d.bindings, func(other *binding) bool { return other == b })
		case transient:
			skipped = fmt.Sprintf("server_error;session_identifier=%q", b.id)
		}
	}
	return skipped, nil
}

// note keeps what an answer has for the device. Its cookies are in the jar only when the client has it.
func (d *Device) note(from *url.URL, res *http.Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, value := range res.Header.Values(dbsc.HeaderRegistration) {
		d.offers = append(d.offers, offer{from, value})
	}
	for _, b := range d.bindings {
		if b.sameOrigin(from) {
			b.noteChallenge(res.Header)
			b.noteCookie(res.Cookies())
		}
	}
}
