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

// A Device does for a client what a browser does to bind sessions to a device: see
// Config.DeviceBound, which is experimental. When a server offers a binding, the Device registers a
// key. When the cookie of a proof is missing, the Device proves its key before it sends a request,
// as Chromium does:
//
//	client := server.Client() // of httptest.NewTLSServer
//	device := sessiontest.NewDevice(client)
//	client.Post(server.URL+"/login", "", nil)
//	client.Get(server.URL + "/account") // registers first
//
// To test a cookie thief, use a client without the device and put the same cookies into its jar.
// Several goroutines may use a Device at once.
//
// Unlike Chromium, a Device registers before the next request and not concurrently with it, and it
// signs without limit.
type Device struct {
	client *http.Client
	inner  http.RoundTripper

	mu       sync.Mutex
	offers   []offer
	bindings []*binding
}

// offer is a response that offered a binding.
type offer struct {
	from  *url.URL
	value string // of the header field
}

// NewDevice gives a client a device. It puts the device between the client and the client's
// Transport, and gives the client a cookie jar if it has none. Call it before the client is used.
func NewDevice(client *http.Client) *Device {
	d := &Device{client: client, inner: cmp.Or(client.Transport, http.DefaultTransport)}
	if client.Jar == nil {
		client.Jar, _ = cookiejar.New(nil) // it never returns an error
	}
	client.Transport = d
	return d
}

// Bound reports whether the device has a binding with the site of an address. It first registers any
// key that was asked for.
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

// Expire deletes the cookies that prove the device's keys, as if their period had ended. (A Clock
// does not move the client's cookie jar.) The next request to each site then proves the key first.
func (d *Device) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.bindings {
		b.expire(d.client.Jar)
	}
}

// RoundTrip registers and proves what the site requires, and then sends the request. It fails if the
// site's answers are such that Chromium would reject them.
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

// prepare registers keys and makes the proofs that the site of an address requires. skipped is the
// value of HeaderSkipped if a proof failed.
func (d *Device) prepare(u *url.URL) (skipped string, err error) {
	d.mu.Lock() // so that requests wait while one makes the proof
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

// note keeps the parts of a response that are for the device. The response's cookies are not in the
// jar before the client gets it.
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
