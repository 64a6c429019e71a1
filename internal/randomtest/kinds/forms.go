package kinds

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// The types below only come back whole if the schema chooses their form, or not at all.

// Moment is over a time.
type Moment time.Time

// Coin has methods only for JSON. They use its unexported members.
type Coin struct {
	Currency string
	units    int64
}

// NewCoin makes a coin.
func NewCoin(currency string, units int64) Coin { return Coin{currency, units} }

func (c Coin) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%d %x", c.units, c.Currency))
}

func (c *Coin) UnmarshalJSON(src []byte) error {
	var text string
	if err := json.Unmarshal(src, &text); err != nil {
		return err
	}
	var currency []byte
	n, err := fmt.Sscanf(text, "%d %x", &c.units, &currency)
	if n == 1 { // no currency
		err = nil
	}
	c.Currency = string(currency)
	return err
}

// Pairing suits gob: its numbers and strings come back unchanged.
type Pairing struct {
	Number uint64
	Text   string
	Floats [2]float64
}

// Vault loses its hidden member on purpose.
type Vault struct {
	Shown  string
	hidden int
	More   *Vault
}

// NewVault makes a vault that hides something.
func NewVault(shown string) Vault { return Vault{Shown: shown, hidden: 7} }

// Parcel has no methods: packages name the two functions for it.
type Parcel struct {
	weight int32
	label  string
}

// NewParcel makes a parcel.
func NewParcel(weight int32, label string) Parcel { return Parcel{weight, label} }

// EncodeParcel and DecodeParcel are a hook.
func EncodeParcel(p Parcel) ([]byte, error) { return fmt.Appendf(nil, "%d;%s", p.weight, p.label), nil }

func DecodeParcel(src []byte) (p Parcel, err error) {
	var n int
	_, err = fmt.Sscanf(string(src), "%d;", &p.weight)
	for n = 0; n < len(src) && src[n] != ';'; n++ {
	}
	if err == nil {
		p.label = string(src[n+1:])
	}
	return p, err
}

// Crate has a lock, and so only occurs behind a pointer.
type Crate struct {
	//lint:ignore U1000 a lock is what the type is about
	mu    sync.Mutex
	count uint16
}

// NewCrate makes a crate.
func NewCrate(count uint16) *Crate { return &Crate{count: count} }

// EncodeCrate and DecodeCrate are a hook for the pointer.
func EncodeCrate(c *Crate) ([]byte, error) { return []byte{byte(c.count >> 8), byte(c.count)}, nil }

func DecodeCrate(src []byte) (*Crate, error) {
	if len(src) != 2 {
		return nil, fmt.Errorf("kinds: %d bytes", len(src))
	}
	return NewCrate(uint16(src[0])<<8 | uint16(src[1])), nil
}

// Guarded has a lock as well, and is stored member by member.
type Guarded struct {
	//lint:ignore U1000 a lock is what the type is about
	mu   sync.RWMutex
	Name string
	Next *Guarded
	When time.Time
	By   map[string]*Guarded `msgpack:",omitempty"`
}
