package browser

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

const password = "correct horse"

// newName returns a name that no account has yet: a database may outlive the test.
func newName() string { return "hubo-" + strings.ToLower(rand.Text()[:8]) }

func TestSignUpAndLogIn(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		name := newName()
		b := newBrowser(t, url, mode)
		b.visit("/")
		b.expect("/", "Shop", "", "")
		b.shoot("shop")
		b.visit("/devices")
		b.expect("/login", "Log in", "", "Please log in first.")
		b.shoot("login")

		b.visit("/signup?next=%2Fdevices")
		b.shoot("signup")
		b.send("h", "short")
		b.expect("/signup", "Sign up", "", "")
		if got := b.text(".wrong"); !strings.Contains(got, "A name has") || !strings.Contains(got, "A password has") {
			t.Errorf("the form says %q", got)
		}
		b.shoot("signup-wrong")
		b.send(name, password)
		b.expect("/devices", "Your devices", name, "Welcome, "+name+". Your account is ready.")
		b.visit("/")
		b.expect("/", "Shop", name, "")

		b.press("logout")
		b.expect("/", "Shop", "", "You are logged out.")
		b.visit("/devices")
		b.expect("/login", "Log in", "", "Please log in first.")

		b.send(name, "wrong horse")
		b.expect("/login", "Log in", "", "")
		if got := b.text(".wrong"); got != "The name or the password is wrong." {
			t.Errorf("the form says %q", got)
		}
		if got := b.script("document.title"); !strings.HasPrefix(got, "Error: ") {
			t.Errorf("the title is %q", got)
		}
		b.shoot("login-wrong")
		b.send(name, password)
		b.expect("/devices", "Your devices", name, "Welcome back, "+name+".")
	})
}

func TestCart(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		b := newBrowser(t, url, mode)
		b.visit("/cart")
		if got := b.text("#cart-count"); got != "0" {
			t.Errorf("a new visitor's cart counts %s", got)
		}
		b.shoot("cart-empty")
		b.visit("/")
		b.press("add-4")
		b.expect("/", "Shop", "", "Teapot is in your cart.")
		b.shoot("notice")
		b.visit("/")
		b.expect("/", "Shop", "", "") // told once
		b.press("add-4")
		b.press("add-1")
		b.visit("/cart")
		if got := b.text("tbody th") + " " + b.text("tfoot .number") + " " + b.text("#cart-count"); got != "2 × Teapot|1 × Notebook €\u00a084.90 3" {
			t.Errorf("the cart shows %q", got)
		}
		b.shoot("cart")
		b.press("remove-4")
		b.expect("/cart", "Your cart", "", "Teapot is out of your cart.")
		if got := b.text("tbody th") + " " + b.text("#cart-count"); got != "1 × Notebook 1" {
			t.Errorf("the cart shows %q", got)
		}
		// It is still there after the sign-up.
		b.visit("/signup?next=%2Fcart")
		b.send(newName(), password)
		if got := b.text("tbody th") + " " + b.text("#cart-count"); got != "1 × Notebook 1" {
			t.Errorf("after the sign-up the cart shows %q", got)
		}
	})
}

func TestLogOutEverywhere(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		name := newName()
		here, there, other := newBrowser(t, url, mode), newBrowser(t, url, mode), newBrowser(t, url, mode)
		here.visit("/signup?next=%2Fdevices")
		here.send(name, password)
		there.visit("/login?next=%2Fdevices")
		there.send(name, password)
		there.expect("/devices", "Your devices", name, "Welcome back, "+name+".")
		other.visit("/signup")
		other.send(newName(), password)

		here.visit("/devices")
		if got := here.text(".devices strong"); mode == "cookie" && got != "" || mode != "cookie" && got != "This browser|Another browser" {
			t.Errorf("the devices are %q", got)
		}
		here.shoot("devices")
		here.press("logout-everywhere")
		here.expect("/", "Shop", "", "You are logged out everywhere.")

		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
		other.visit("/devices")
		if got := other.text("h1"); got != "Your devices" {
			t.Errorf("another user is at %q", got)
		}

		if mode == "cookie" {
			time.Sleep(time.Second) // cookies tell log-ins apart by the second
		}
		// Who logs in again is in, and only there.
		here.visit("/login?next=%2Fdevices")
		here.send(name, password)
		here.expect("/devices", "Your devices", name, "Welcome back, "+name+".")
		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
	})
}
