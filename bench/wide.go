package bench

import "time"

// wide is a session of 60 fields: the six, and what a site with many settings may add.
type wide struct {
	UserID   int64     `session:"user_id,principal"`
	Username string    `session:"username,max=64"`
	Email    string    `session:"email,max=254"`
	Roles    []string  `session:"roles,max=16"`
	LoginAt  time.Time `session:"login_at"`
	Visits   int       `session:"visits"`

	Theme      string `session:"theme"`
	Locale     string `session:"locale"`
	Timezone   string `session:"timezone"`
	Currency   string `session:"currency"`
	Country    string `session:"country"`
	Plan       string `session:"plan"`
	Landing    string `session:"landing"`
	Referrer   string `session:"referrer"`
	Campaign   string `session:"campaign"`
	Variant    string `session:"variant"`
	Layout     string `session:"layout"`
	SortBy     string `session:"sort_by"`
	Filter     string `session:"filter"`
	Search     string `session:"search"`
	LastPage   string `session:"last_page"`
	LastOrder  string `session:"last_order"`
	DateFormat string `session:"date_format"`
	Avatar     string `session:"avatar"`

	Logins    int `session:"logins"`
	Orders    int `session:"orders"`
	CartItems int `session:"cart_items"`
	Unread    int `session:"unread"`
	Mentions  int `session:"mentions"`
	Followers int `session:"followers"`
	Following int `session:"following"`
	Points    int `session:"points"`
	Level     int `session:"level"`
	Streak    int `session:"streak"`
	Uploads   int `session:"uploads"`
	Downloads int `session:"downloads"`
	Comments  int `session:"comments"`
	Votes     int `session:"votes"`
	Reports   int `session:"reports"`
	Warnings  int `session:"warnings"`
	PageSize  int `session:"page_size"`
	FontSize  int `session:"font_size"`

	Verified        bool `session:"verified"`
	Newsletter      bool `session:"newsletter"`
	Beta            bool `session:"beta"`
	DarkMode        bool `session:"dark_mode"`
	Compact         bool `session:"compact"`
	Sound           bool `session:"sound"`
	Animations      bool `session:"animations"`
	Autosave        bool `session:"autosave"`
	Tips            bool `session:"tips"`
	Onboarded       bool `session:"onboarded"`
	CookiesAccepted bool `session:"cookies_accepted"`
	TwoFactor       bool `session:"two_factor"`

	LastSeen    time.Time `session:"last_seen"`
	LastOrderAt time.Time `session:"last_order_at"`
	TermsAt     time.Time `session:"terms_at"`

	Tags   []string `session:"tags"`
	Groups []string `session:"groups"`
	Badges []string `session:"badges"`
}
