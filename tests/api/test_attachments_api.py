"""Attachments over HTTP: what is taken and read, how it is given back, how it proves a status."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.api.conftest import Service
from tests.api.photo_case import HTML, PDF, photo, swollen

ANY = {"If-Match": "*"}


def attach(client: TestClient, content: bytes, name: str = "a.jpg", *, site: int = 1, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    return client.post(
        f"/api/sites/{site}/attachments", files={"file": (name, content)}, data=fields, headers=headers
    )


def test_a_photo_tells_its_place_its_time_and_how_far_that_is_from_the_site(client: TestClient) -> None:
    inside = attach(client, photo(116.505, 33.505)).json()
    assert (inside["distance_m"], inside["position_check"]) == (0, "inside")
    assert inside["taken_at"] == "2024-05-03T14:30:00+08:00"
    assert (inside["lon"], inside["lat"]) == pytest.approx((116.505, 33.505), abs=1e-6)
    near = attach(client, photo(116.511, 33.505)).json()
    assert near["position_check"] == "near"
    assert near["distance_m"] == pytest.approx(92.9, abs=0.5)
    far = attach(client, photo(116.52, 33.53)).json()
    assert (far["position_check"], far["distance_m"] > 2000) == ("far", True)
    none = attach(client, photo(taken=None)).json()
    assert (none["position_check"], none["distance_m"], none["taken_at"]) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("content", "media_type", "kind"),
    [
        (photo(kind="PNG"), "image/png", "photo"),
        (photo(kind="WEBP"), "image/webp", "photo"),
        (photo(kind="HEIF"), "image/heic", "photo"),
        (PDF, "application/pdf", "report"),
    ],
)
def test_the_type_is_that_of_the_content_whatever_the_name(
    client: TestClient, content: bytes, media_type: str, kind: str
) -> None:
    made = attach(client, content, "report.exe")
    assert made.status_code == 201, made.text
    assert (made.json()["media_type"], made.json()["kind"]) == (media_type, kind)


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        b"\xff\xd8\xff" + HTML,
        b"%PDF-1.4 and no end",
        photo()[:2000],
        b"RIFF1234WAVE",
        b"<svg/>",
        b"\x00\x00\x00\x1cftypheic" + HTML,
        b"\x00\x00\x00\x1cftypavif" + HTML,
        photo(kind="HEIF")[:600],
        swollen(photo(kind="HEIF"), 60_000, 60_000),
        swollen(photo(kind="HEIF"), 12_000, 11_000),
        swollen(photo(kind="HEIF"), 4_000, 3_000),
        b"MZ" + PDF,
    ],
)
def test_what_is_no_picture_and_no_report_is_refused_and_leaves_nothing(
    service: Service, content: bytes
) -> None:
    answer = attach(service.client, content, "photo.jpg")
    assert answer.status_code == 415, answer.text
    assert service.client.get("/api/sites/1/attachments").json()["items"] == []
    assert [path for path in (service.folder / "sites-files").rglob("*") if path.is_file()] == []


def test_a_picture_under_the_name_of_a_page_is_saved_as_a_picture(client: TestClient) -> None:
    made = attach(client, photo(116.505, 33.505), "poly.html").json()
    assert client.get(made["url"]).headers["content-disposition"] == 'attachment; filename="poly.html.jpg"'


def test_an_empty_or_too_large_file_is_refused(start_service: Any) -> None:
    service = start_service(max_attachment_mb=0.01)
    assert attach(service.client, b"").status_code == 422
    noisy = photo() + bytes(20_000)
    assert attach(service.client, noisy).status_code == 413
    assert attach(service.client, bytes(400_000)).status_code == 413


def test_a_file_is_given_back_to_be_saved_and_never_to_be_run(client: TestClient) -> None:
    content = photo(116.505, 33.505)
    made = attach(client, content, '../../x"<script>.jpg').json()
    answer = client.get(made["url"])
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert client.get(f"/api/files/{'0' * 64}").status_code == 404
    assert client.get("/files/..%2f..%2fsites.gpkg").status_code in {404, 422}


def test_a_thumbnail_is_small_upright_and_carries_nothing_of_the_camera(client: TestClient) -> None:
    made = attach(client, photo(116.505, 33.505, size=(4000, 3000))).json()
    answer = client.get(made["thumbnail_url"])
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("WEBP", (480, 360))
        assert not image.getexif()
        assert "exif" not in image.info
    assert attach(client, PDF).json()["thumbnail_url"] is None


def test_one_content_on_two_sites_is_kept_once(service: Service) -> None:
    first = attach(service.client, PDF).json()
    second = attach(service.client, PDF, site=2).json()
    assert first["sha256"] == second["sha256"]
    assert first["attachment_id"] != second["attachment_id"]
    kept = [path for path in (service.folder / "sites-files").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [first["sha256"]]


def test_a_retry_under_one_key_attaches_once(client: TestClient) -> None:
    headers = {"Idempotency-Key": "p1"}
    first, again = (attach(client, PDF, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len(client.get("/api/sites/1/attachments").json()["items"]) == 1
    assert attach(client, photo(), headers=headers).status_code == 409


def test_a_removal_is_recorded_and_the_content_stays(client: TestClient) -> None:
    made = attach(client, PDF)
    url = f"/api/attachments/{made.json()['attachment_id']}"
    assert client.delete(url).status_code == 428
    assert client.delete(url, headers={"If-Match": '"9"'}).status_code == 412
    gone = client.delete(f"{url}?reason=wrong site", headers={"If-Match": made.headers["etag"]})
    assert (gone.json()["removed_by"], gone.json()["removal_reason"]) == ("local", "wrong site")
    assert client.get("/api/sites/1/attachments").json()["items"] == []
    assert len(client.get("/api/sites/1/attachments?removed=true").json()["items"]) == 1
    assert client.get(made.json()["url"]).content == PDF


def test_before_and_after_make_a_pair(client: TestClient) -> None:
    before = attach(client, photo(), kind="before").json()["attachment_id"]
    after = attach(client, photo(size=(400, 300)), kind="after", pair_of=str(before))
    assert after.json()["pair_of"] == before
    assert attach(client, PDF, kind="after", pair_of=str(after.json()["attachment_id"])).status_code == 422
    assert attach(client, PDF, site=2, kind="after", pair_of=str(before)).status_code == 422
    patched = client.patch(
        f"/api/attachments/{before}", json={"caption": "north wall"}, headers={"If-Match": '"1"'}
    )
    assert (patched.json()["caption"], patched.json()["kind"], patched.json()["version"]) == (
        "north wall",
        "before",
        2,
    )


def test_an_attachment_is_evidence_of_a_status_by_its_content(client: TestClient) -> None:
    made = attach(client, PDF, site=4).json()
    body = {"status": "accepted", "effective_on": "2021-03-01", "evidence": [made["evidence"], "letter 7"]}
    answer = client.post("/api/sites/4/status", json=body, headers=ANY)
    assert answer.status_code == 202, answer.text
    client.post(f"/api/proposals/{answer.json()['proposal']['proposal_id']}/approve", json={"as": "r"})
    last = client.get("/api/sites/4/history").json()["items"][-1]
    assert last["reason"] == f"[sha256:{made['sha256']}; letter 7]"
    wrong = {**body, "status": "closed", "evidence": ["0" * 64]}
    refused = client.post("/api/sites/4/status", json=wrong, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (422, "/docs/errors#not-evidence")


def test_files_lie_beside_the_store_under_their_hash(service: Service) -> None:
    sha256 = attach(service.client, PDF).json()["sha256"]
    path = Path(service.folder / "sites-files" / sha256[:2] / sha256)
    assert path.read_bytes() == PDF


def test_a_pair_stands_side_by_side_on_the_page_with_its_days(client: TestClient) -> None:
    before = attach(client, photo(taken="2019:06:04 10:00:00"), kind="before").json()["attachment_id"]
    attach(client, photo(taken="2024:06:04 10:00:00"), kind="after", pair_of=str(before))
    attach(client, photo(taken="2018:06:04 10:00:00"), kind="after", pair_of=str(before))
    alone = attach(client, photo(size=(30, 20)), caption="alone").json()
    page = client.get("/sites/1").text
    assert page.count('class="beside"') == 2
    assert "1,827 days between the two photos" in page
    assert "The photo after was taken before the photo before" in page
    pairs, rest = page.split('<ul class="attachments">')[0], page.split('<ul class="attachments">')[1]
    assert [pairs.count(f'<span class="date">{day}</span>') for day in ("2019-06-04", "2024-06-04")] == [2, 1]
    assert "alone" in rest
    assert alone["thumbnail_url"] in rest
