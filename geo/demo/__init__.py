"""The demo: a synthetic region with sites, histories and land cover, the same at every build."""

from geo.demo.build import SEED, DemoSummary, build_demo

__all__ = ["SEED", "DemoSummary", "build_demo"]
