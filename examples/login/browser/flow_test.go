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
			t.Errorf("the form shows %q", got)
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
			t.Errorf("the form shows %q", got)
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
			t.Errorf("a new visitor's cart counts %s, want 0", got)
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
		if got := here.text(".devices strong"); mode == "cookie" && got != "" || mode != "cookie" && got != "Chrome on Linux|Chrome on Linux" {
			t.Errorf("the list of devices is %q", got)
		}
		here.shoot("devices")
		here.press("logout-everywhere")
		here.expect("/", "Shop", "", "You are logged out everywhere.")

		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
		other.visit("/devices")
		if got := other.text("h1"); got != "Your devices" {
			t.Errorf("the page of another user is %q, want Your devices", got)
		}

		if mode == "cookie" {
			time.Sleep(time.Second) // cookies tell log-ins apart by the second
		}
		// A new log-in counts in its own browser only.
		here.visit("/login?next=%2Fdevices")
		here.send(name, password)
		here.expect("/devices", "Your devices", name, "Welcome back, "+name+".")
		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
	})
}

// Changing the password needs the old one again, and logs out the other browsers.
func TestChangePassword(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		name := newName()
		here, there := newBrowser(t, url, mode), newBrowser(t, url, mode)
		here.visit("/signup?next=%2Fdevices")
		here.send(name, password)
		there.visit("/login")
		there.send(name, password)
		here.press("password-link")
		here.expect("/confirm", "Your password, please", name, "")
		here.fill("password", "wrong horse")
		here.press("send")
		here.expect("/confirm", "Your password, please", name, "")
		if got := here.text(".wrong"); got != "The password is wrong." {
			t.Errorf("the form shows %q", got)
		}
		here.shoot("confirm-wrong")
		here.fill("password", password)
		here.press("send")
		here.expect("/password", "Change your password", name, "")
		here.shoot("password")
		here.fill("password", "battery staple")
		here.press("send")
		here.expect("/devices", "Your devices", name, "Your password is changed. All other browsers are logged out.")
		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
		if mode == "cookie" {
			time.Sleep(time.Second) // cookies tell log-ins apart by the second
		}
		there.send(name, password)
		if got := there.text(".wrong"); got != "The name or the password is wrong." {
			t.Errorf("with the old password, the form shows %q", got)
		}
		there.send(name, "battery staple")
		there.expect("/devices", "Your devices", name, "Welcome back, "+name+".")
		here.visit("/devices")
		here.press("logout-others")
		here.expect("/devices", "Your devices", name, "All other browsers are logged out.")
		there.visit("/devices")
		there.expect("/login", "Log in", "", "Please log in first.")
	})
}

// A role that an administrator gives is there on the next page of every browser.
func TestMembers(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		name := newName()
		boss, phone, laptop := newBrowser(t, url, mode), newBrowser(t, url, mode), newBrowser(t, url, mode)
		boss.visit("/signup?next=%2Fmembers")
		boss.send(adminName, password)
		if boss.text("h1") == "Sign up" { // a database that outlives the test
			boss.visit("/login?next=%2Fmembers")
			boss.send(adminName, password)
		}
		phone.visit("/signup")
		phone.send(name, password)
		laptop.visit("/login")
		laptop.send(name, password)
		boss.fill("name", name)
		boss.shoot("members")
		boss.press("make-member")
		boss.expect("/members", "Members", adminName, name+" is a member now.")
		for _, b := range []browser{phone, laptop} {
			b.visit("/")
			if mode == "cookie" { // sessions in browsers can only be ended
				b.expect("/", "Shop", "", "")
				time.Sleep(time.Second)
				b.visit("/login")
				b.send(name, password)
			}
			if got := b.text("#user") + ", " + b.text("#role") + ", " + b.text(".price"); !strings.HasPrefix(got, name+", member, €\u00a06.21|") {
				t.Errorf("the page shows %q", got)
			}
			b.shoot("member")
		}
	})
}

// The colours are the browser's, whoever is logged in.
func TestTheme(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		name := newName()
		b := newBrowser(t, url, mode)
		is := func(when, pressed, scheme string) {
			t.Helper()
			if got := b.text("[aria-pressed=true]") + ", " + b.script("getComputedStyle(document.documentElement).colorScheme"); got != pressed+", "+scheme {
				t.Errorf("%s: got %q, want %q", when, got, pressed+", "+scheme)
			}
		}
		b.visit("/")
		is("at first", "As the system", "light dark")
		b.press("theme-dark")
		is("chosen", "Dark", "dark")
		b.shoot("dark")
		b.visit("/signup")
		b.send(name, password)
		is("signed up", "Dark", "dark")
		b.press("logout")
		is("logged out", "Dark", "dark")
		b.press("theme-system")
		is("as the system", "As the system", "light dark")
	})
}

// Signing in by way of the provider leads back to the page that asked for it, with the cart.
func TestSignInWith(t *testing.T) {
	eachMode(t, func(t *testing.T, url, mode string) {
		b := newBrowser(t, url, mode)
		b.visit("/")
		b.press("add-4")
		b.visit("/login?next=%2Fcart")
		b.shoot("login-openid")
		b.press("openid")
		b.expect("/cart", "Your cart", "jane.doe@openid", "Welcome, jane.doe@openid.")
		if got := b.text("#cart-count"); got != "1" {
			t.Errorf("the cart counts %s, want 1", got)
		}
		b.press("logout")
		b.expect("/", "Shop", "", "You are logged out.")
	})
}
