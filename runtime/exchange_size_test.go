package runtime_test

import (
	"go/build"
	"go/token"
	"go/types"
	"testing"
)

// maxAllocated is a size that the allocator does not round up. Past it, it would take an eighth more.
const maxAllocated = 512

// An exchange is allocated for each request.
func TestExchangeSize(t *testing.T) {
	src := runtimeSource(t)
	session := types.NewField(token.NoPos, src.pkg, "Session", src.typeOf(t, "Session"), true)
	generated := types.NewStruct([]*types.Var{session}, nil)
	exchange, err := types.Instantiate(nil, src.typeOf(t, "exchange"), []types.Type{generated}, true)
	if err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(exchange); size > maxAllocated {
		t.Errorf("an exchange takes %d bytes, want at most %d", size, maxAllocated)
	}
}

// An opened session has room for an ordinary one, and takes no more than the allocator rounds up to anyway.
func TestOpenedSize(t *testing.T) {
	if size := sizeOf(runtimeSource(t).typeOf(t, "opened")); size > maxAllocated {
		t.Errorf("an opened session takes %d bytes, want at most %d", size, maxAllocated)
	}
}

// sizeOf is unsafe.Sizeof for a type in source.
func sizeOf(t types.Type) int64 { return types.SizesFor("gc", build.Default.GOARCH).Sizeof(t) }
