"""Functions that only compiled code calls need no machine code of their own: it is made once, where they are called.

numba turns every function into machine code, optimised and loaded, as if Python were to call it; then does the same
with the function that calls it, which contains it. Leaving out the first shortens the first start by a third.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder

#: Passes of numba for closures, comprehensions, array expressions, `with` and what is not compiled: `inner` functions
#: have none of them, and a tenth of a first start went to looking for them.
_NEEDLESS = {
    "WithLift", "InlineClosureLikes", "RewriteSemanticConstants", "DeadBranchPrune", "MakeFunctionToJitFunction",
    "InlineInlinables", "FindLiterallyCalls", "LiteralUnroll", "LiteralPropagationSubPipelinePass", "InlineOverloads",
    "NopythonRewrites", "NoPythonSupportedFeatureValidation",
}  # fmt: skip


class _Linked(JITCodeLibrary):
    """A library that is linked into its callers' and has no address."""

    def _optimize_final_module(self) -> None:
        """Left to the caller's."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """No address: 0."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> "_Linked":
        """Whom numba asks to write a function's environment into its machine code."""
        return self

    def set_env(self, name: str, env: Any) -> None:
        """Nothing is written: code read from the cache has none either."""


class LinkedCompiler(CompilerBase):
    """numba's pipeline, without what an inner function does not need, up to what can be linked."""

    def define_pipelines(self) -> list[Any]:
        state = self.state
        if state.library is None:
            state.library = _Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        manager = DefaultPassBuilder.define_nopython_pipeline(state)
        manager.passes = [(one, why) for one, why in manager.passes if one.__name__ not in _NEEDLESS]
        return [manager]
