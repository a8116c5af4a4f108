"""How the package is changed: the operators of cosmic-ray, one for each kind of slip, and two more."""

import ast

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

COSMIC_RAY = (
    *("AddNot", "ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ZeroIterationForLoop"),
    *("ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
    # Of the many replacements of an operator, the nearest: an edge moved, or a sense turned round.
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Eq_NotEq",
            "NotEq_Eq",
            "Is_IsNot",
            "IsNot_Is",
            "Lt_LtE",
            "LtE_Lt",
            "Gt_GtE",
            "GtE_Gt",
        )
    ),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub",
            "Sub_Add",
            "Mul_Add",
            "FloorDiv_Mul",
            "Pow_Mul",
            "BitAnd_BitOr",
            "BitOr_BitAnd",
        )
    ),
)


class ReplaceString(Operator):
    """Write something else into a string that is not a docstring."""

    def mutation_positions(self, node):
        if node.type == "string" and node.parent.type != "simple_stmt":
            yield node.start_pos, node.end_pos

    def mutate(self, node, _index):
        quote = node.value.index(node.value[-1])
        node.value = f"{node.value[: quote + 1]}XX{node.value[quote + 1 :]}"
        return node

    @classmethod
    def examples(cls):
        return ()


class RemoveStatement(Operator):
    """Leave out a call, an assignment or a deletion."""

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and node.children[0].type in (
            "expr_stmt",
            "atom_expr",
            "del_stmt",
            "raise_stmt",
        ):
            yield node.start_pos, node.end_pos

    def mutate(self, node, _index):
        statement = node.children[0]
        node.children[0] = parso.python.tree.Name(
            "pass", statement.start_pos, statement.get_first_leaf().prefix
        )
        return node

    @classmethod
    def examples(cls):
        return ()


def operators():
    yield from ((name, get_operator(f"core/{name}")()) for name in COSMIC_RAY)
    yield "ReplaceString", ReplaceString()
    yield "RemoveStatement", RemoveStatement()


def mutated(source):
    """Yield each other source that an operator makes of this one, with the operator's name."""
    same = without_annotations(source)
    for name, operator in operators():
        tree = parso.parse(source)
        for place, node in enumerate(ast_nodes(tree)):
            for index, _ in enumerate(operator.mutation_positions(node)):
                code = _apply(operator, source, place, index)
                if without_annotations(code) not in (same, None):
                    yield name, code


def _apply(operator, source, place, index):
    """Return the source in which the operator has changed one node."""
    tree = parso.parse(source)
    node = next(n for i, n in enumerate(ast_nodes(tree)) if i == place)
    parent, changed = node.parent, operator.mutate(node, index)
    position = next(i for i, child in enumerate(parent.children) if child is node)
    parent.children[position : position + 1] = [] if changed is None else [changed]
    return tree.get_code()


def without_annotations(code):
    """Return what the code does, None if it is no code: annotations are never evaluated here."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)
