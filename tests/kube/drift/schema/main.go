// Writes the table of the fields of Kubernetes' own kinds that reconciler/kube/drift reads.
//
// What a list or a map is merged by comes from the schema of server-side apply that client-go carries; what a field is
// made of, and whether its zero value is sent, comes from the Go types themselves.
//
//	go run . > ../../../../reconciler/kube/drift/schema.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
)

var kinds = []runtime.Object{
	&corev1.ConfigMap{}, &corev1.LimitRange{}, &corev1.Namespace{}, &corev1.PersistentVolumeClaim{}, &corev1.Pod{},
	&corev1.ResourceQuota{}, &corev1.Secret{}, &corev1.Service{}, &corev1.ServiceAccount{},
	&appsv1.DaemonSet{}, &appsv1.Deployment{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{},
	&autoscalingv2.HorizontalPodAutoscaler{}, &batchv1.CronJob{}, &batchv1.Job{}, &discoveryv1.EndpointSlice{},
	&networkingv1.Ingress{}, &networkingv1.NetworkPolicy{}, &policyv1.PodDisruptionBudget{},
	&resourcev1.ResourceClaim{}, &resourcev1.ResourceClaimTemplate{},
}

// scalars are types that stand for one value, whatever they are made of in Go.
var scalars = map[reflect.Type]string{
	reflect.TypeOf(resource.Quantity{}):  "quantity",
	reflect.TypeOf(intstr.IntOrString{}): "port",
	reflect.TypeOf(metav1.Time{}):        "string",
	reflect.TypeOf(metav1.MicroTime{}):   "string",
	reflect.TypeOf(metav1.Duration{}):    "duration",
	reflect.TypeOf(metav1.FieldsV1{}):    "any",
	reflect.TypeOf([]byte{}):             "bytes",
}

type table struct {
	Kinds map[string]string            `json:"kinds"`
	Types map[string]map[string]string `json:"types"`
}

type walker struct {
	table  table
	names  map[reflect.Type]string
	schema *schema.Schema
}

func main() {
	converter := applyconfigurations.NewTypeConverter(scheme.Scheme)
	made := walker{table{map[string]string{}, map[string]map[string]string{}}, map[reflect.Type]string{}, nil}
	for _, object := range kinds {
		gvks, _, err := scheme.Scheme.ObjectKinds(object)
		check(err)
		object.GetObjectKind().SetGroupVersionKind(gvks[0])
		typed, err := converter.ObjectToTyped(object)
		check(err)
		made.schema = typed.Schema()
		version, kind := gvks[0].ToAPIVersionAndKind()
		made.table.Kinds[version+" "+kind] = made.structure(reflect.TypeOf(object).Elem(), typed.TypeRef())
	}
	made.print()
}

// structure adds a struct to the table and returns the name that it has there.
func (w *walker) structure(t reflect.Type, ref schema.TypeRef) string {
	if name, known := w.names[t]; known {
		return name
	}
	name := t.Name()
	if _, taken := w.table.Types[name]; taken {
		parts := strings.Split(t.PkgPath(), "/")
		name = strings.Join(parts[len(parts)-2:], "") + name
	}
	w.names[t] = name
	fields := map[string]string{}
	w.table.Types[name] = fields
	atom, _ := w.schema.Resolve(ref)
	if atom.Map != nil && atom.Map.ElementRelationship == schema.Atomic {
		fields["!"] = "atomic"
	}
	w.fields(t, atom, fields)
	return name
}

func (w *walker) fields(t reflect.Type, atom schema.Atom, into map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			w.fields(field.Type, atom, into) // embedded
			continue
		}
		if name == "status" || name == "managedFields" {
			continue
		}
		var ref schema.TypeRef
		if atom.Map != nil {
			if found, known := atom.Map.FindField(name); known {
				ref = found.Type
			}
		}
		into[name] = w.word(field.Type, ref)
	}
}

// word says in one word what a field is: see reconciler/kube/drift/schema.py for the reader.
func (w *walker) word(t reflect.Type, ref schema.TypeRef) string {
	if t.Kind() == reflect.Pointer {
		return "*" + w.word(t.Elem(), ref)
	}
	if name, known := scalars[t]; known {
		return name
	}
	atom, _ := w.schema.Resolve(ref)
	switch t.Kind() {
	case reflect.Struct:
		return w.structure(t, ref)
	case reflect.Map:
		if atom.Map == nil {
			return "{}" + w.word(t.Elem(), schema.TypeRef{})
		}
		mark := ""
		if atom.Map.ElementRelationship == schema.Atomic {
			mark = "!"
		}
		return "{" + mark + "}" + w.word(t.Elem(), atom.Map.ElementType)
	case reflect.Slice:
		if atom.List == nil || atom.List.ElementRelationship == schema.Atomic {
			inner := schema.TypeRef{}
			if atom.List != nil {
				inner = atom.List.ElementType
			}
			return "[]" + w.word(t.Elem(), inner)
		}
		keys := strings.Join(atom.List.Keys, ",")
		if keys == "" {
			keys = "="
		}
		return "[" + keys + "]" + w.word(t.Elem(), atom.List.ElementType)
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	default:
		return "number"
	}
}

// print writes one line for each type, so that a difference between two versions can be read.
func (w *walker) print() {
	fmt.Println("{\"kinds\":", compact(w.table.Kinds), ",\n\"types\": {")
	names := []string{}
	for name := range w.table.Types {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		end := ","
		if i == len(names)-1 {
			end = ""
		}
		fmt.Printf("\"%s\": %s%s\n", name, compact(w.table.Types[name]), end)
	}
	fmt.Println("}}")
}

func compact(value any) string {
	text, err := json.Marshal(value)
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
