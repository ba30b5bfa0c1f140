// Command verdicts prints what kstatus and Argo CD's gitops-engine say of recorded objects.
//
// Usage: go run . ../recorded/*.json > verdicts.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Kstatus string `json:"kstatus"`
	Argo    string `json:"argo"` // "" where Argo CD has no built-in rule for the kind
}

type table struct {
	Versions map[string]string  `json:"versions"`
	Verdicts map[string]verdict `json:"verdicts"`
}

func main() {
	result := table{Versions: versions(), Verdicts: map[string]verdict{}}
	for _, path := range os.Args[1:] {
		said, err := judge(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
		result.Verdicts[strings.TrimSuffix(filepath.Base(path), ".json")] = said
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(path string) (verdict, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return verdict{}, err
	}
	item := &unstructured.Unstructured{}
	if err := item.UnmarshalJSON(text); err != nil {
		return verdict{}, err
	}
	computed, err := status.Compute(item)
	if err != nil {
		return verdict{}, err
	}
	said := verdict{Kstatus: string(computed.Status)}
	judged, err := health.GetResourceHealth(item, nil)
	if err != nil {
		return verdict{}, err
	}
	if judged != nil {
		said.Argo = string(judged.Status)
	}
	return said, nil
}

// versions are those of the two modules, as linked into this program.
func versions() map[string]string {
	found := map[string]string{}
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "sigs.k8s.io/cli-utils" || module.Path == "github.com/argoproj/argo-cd/gitops-engine" {
			found[module.Path] = module.Version
		}
	}
	return found
}
