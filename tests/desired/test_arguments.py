"""A reference becomes one value, once, in one argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired.arguments import Parts, Reference, environment, expand, expand_text
from reconciler.models.arguments import When
from reconciler.models.service import Resources
from reconciler.models.wanted import ResolvedService
from tests.samples import recipe, resolved

PARAMETERS = {
    "text": {"type": "string", "description": "x"},
    "many": {"type": "list", "description": "x"},
    "flag": {"type": "boolean", "description": "x"},
    "number": {"type": "number", "description": "x"},
}


def service(**config: object) -> ResolvedService:
    of = recipe(parameters=PARAMETERS, env={"A": "${config.text}", "B": "recipe", "C": "recipe"})
    values = {**dict.fromkeys(PARAMETERS), **config}
    made = resolved("main", of=of)
    return ResolvedService(
        made.service,
        of,
        "fake",
        values,
        Resources(),
        made.slurm,
        "",
        made.revision,
        made.file,
        env={"C": "${config.text}"},
    )


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("plain", ("plain",)),
        ("", ("",)),
        ("--name=${service.name}", ("--name=main",)),
        ("${host}:${port.http}", (Reference("host"), ":", Reference("port", "http"))),
        ("${storage.data}/x/${config.text}", (Reference("storage", "data"), "/x/t")),
        ("--file=${secretfile.KEY}", ("--file=", Reference("secretfile", "KEY"))),
        ("${config.flag}-${config.number}", ("true-1.5",)),
    ],
)
def test_one_argument(argument: str, parts: Parts) -> None:
    assert expand([argument], service(text="t", flag=True, number=1.5)) == (parts,)


@pytest.mark.parametrize(("values", "arguments"), [(None, ()), ((), ()), (("a", "b c"), (("--m=a",), ("--m=b c",)))])
def test_an_argument_that_refers_to_a_list_is_there_once_for_each(values: object, arguments: tuple[Parts, ...]) -> None:
    assert expand(["--m=${config.many}"], service(many=values)) == arguments


@pytest.mark.parametrize(
    ("value", "there"), [(None, False), ("", False), (0, False), (False, False), ("x", True), (1, True)]
)
def test_when(value: object, *, there: bool) -> None:
    argument = When(when="config.text", args=("--a", "${config.text}"))
    assert bool(expand([argument], service(text=value))) is there


@given(st.text())
def test_a_value_is_never_read_again_and_stays_one_argument(value: str) -> None:
    hostile = "${host}" + value + "${config.flag}"
    assert expand(["x${config.text}"], service(text=hostile)) == (("x" + hostile,),)
    assert expand(["${config.many}"], service(many=(hostile,))) == ((hostile,),)


def test_environment_is_recipe_then_form_then_target_and_service_as_they_are() -> None:
    assert environment({"B": "form ${port.http}"}, service(text="t")) == {
        "A": ("t",),
        "B": ("form ", Reference("port", "http")),
        "C": ("${config.text}",),
    }


def test_a_variable_of_an_unset_parameter_is_left_out() -> None:
    assert "A" not in environment({}, service())


def test_a_single_text_stays_one() -> None:
    assert expand_text("${storage.data}/V", service()) == (Reference("storage", "data"), "/V")
