package gen

import (
	"fmt"
	"io"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/schema"
)

const (
	// headerLimit is the size of a header field that many servers and proxies accept: 8 KiB.
	headerLimit = 8192

	// flowLimit limits the cookie of a flow, name and value together: the runtime refuses a larger one.
	flowLimit = 1024
)

// A FlowBudget says how large the cookies of a flow can get.
type FlowBudget struct {
	Field *schema.Field
	Bytes int // of one cookie, name and value together
	Begin int // of the second cookie of a flow whose cookie has a path of its own, or 0
}

// addFlows adds the cookies of flows, and the separators in a header field.
func (b *Budget) addFlows() {
	b.Header = len("=") + b.Cookie
	for _, f := range b.Schema.Fields {
		if f.Use != schema.Flow {
			continue
		}
		flow := flowBudget(f)
		b.Flows = append(b.Flows, flow)
		b.Header += f.Max * (len("; =") + flow.Bytes)
		if flow.Begin > 0 {
			b.Header += f.Max * (len("; =") + flow.Begin)
		}
	}
}

func flowBudget(f *schema.Field) FlowBudget {
	const partOfState = len("-x-") + 8
	const state, started, ends = 2 + 16, secondsSize, secondsSize
	begin := 1 + stringSize(len(f.Key)) + state + started + ends
	b := FlowBudget{Field: f, Bytes: flowLimit}
	name := len(cookieName)
	if f.Path != "" && f.Path != "/" {
		name = len("__Secure-session")
		b.Begin = len(cookieName) + partOfState + len("-begun") + sealedSize(begin)
	}
	if value := (bounds{}).value(f.Type, limit{}, f.Key); value.unbounded == "" {
		b.Bytes = min(flowLimit, name+partOfState+sealedSize(begin+value.bytes))
	}
	return b
}

// headerFindings reports a session cookie and flow cookies that exceed a header field, even without the unbounded
// fields.
func (b *Budget) headerFindings() schema.Findings {
	if len(b.Flows) == 0 || b.Header <= headerLimit {
		return nil
	}
	var flows []string
	for _, f := range b.Flows {
		flows = append(flows, fmt.Sprintf("%s (%d of %d bytes)", f.Field.GoName, f.Field.Max, f.Bytes))
	}
	return schema.Findings{schema.NewFinding(code.TooLarge, b.Schema.Pos, "lower the max= of its flows",
		"schema %s may need a Cookie header of %d bytes, and many servers take %d; its flows are %s",
		b.Schema.Name, b.Header, headerLimit, strings.Join(flows, ", "))}
}

// flowsText says how much the flows' cookies add to the header.
func (b *Budget) flowsText() string {
	added := b.Header - len("=") - b.Cookie
	switch {
	case len(b.Flows) == 0:
		return ""
	case len(b.unbounded()) > 0:
		return fmt.Sprintf("; its flows add at most %d to a Cookie header, of which many servers take %d", added, headerLimit)
	case b.Header > headerLimit:
		return fmt.Sprintf("; its flows add at most %d, and the Cookie header may take %d bytes, more than the %d that many servers take",
			added, b.Header, headerLimit)
	}
	return fmt.Sprintf("; its flows add at most %d, and the Cookie header takes at most %d of the %d bytes that many servers take",
		added, b.Header, headerLimit)
}

// writeFlows adds the flows to the table.
func (b *Budget) writeFlows(table io.Writer) {
	if len(b.Flows) == 0 {
		return
	}
	for _, f := range b.Flows {
		size := fmt.Sprintf("%d cookies of at most %d", f.Field.Max, f.Bytes)
		if f.Field.Max == 1 {
			size = fmt.Sprintf("1 cookie of at most %d", f.Bytes)
		}
		if f.Begin > 0 {
			size += fmt.Sprintf(", for %s, and as many of %d", f.Field.Path, f.Begin)
		}
		fmt.Fprintf(table, "\t%s\t%s\t%s\n", f.Field.GoName, f.Field.Key, size)
	}
	left := fmt.Sprintf("%d left of %d", headerLimit-b.Header, headerLimit)
	if b.Header > headerLimit {
		left = fmt.Sprintf("%d more than %d", b.Header-headerLimit, headerLimit)
	}
	fmt.Fprintf(table, "\tCookie header\t\t%d, %s\n", b.Header, left)
}
